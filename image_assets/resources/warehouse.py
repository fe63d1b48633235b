"""Where the tables are."""

from dagster import ConfigurableResource
from pydantic import Field

from image_assets.warehouse.warehouse import Warehouse


class WarehouseResource(ConfigurableResource):
    """Delta tables at `<root>/<asset name>` and artefacts beside them."""

    root: str = Field("data/warehouse", description="Folder or s3://bucket/prefix of the tables.")
    target_file_mib: int = Field(128, description="Size of a Parquet file at most, in MiB.")

    def open(self) -> Warehouse:
        """Return the warehouse."""
        return Warehouse.at(self.root, self.target_file_mib)
