"""Where the tables are."""

from dagster import ConfigurableResource
from pydantic import Field

from image_assets.resources.s3 import S3Storage
from image_assets.warehouse.warehouse import Warehouse


class WarehouseResource(ConfigurableResource):
    """Delta tables at `<root>/<asset name>` and artefacts beside them."""

    root: str = Field(default="data/warehouse", description="Folder or s3://bucket/prefix of the tables.")
    target_file_mib: int = Field(default=128, description="Size of a Parquet file at most, in MiB.")

    s3: S3Storage | None = Field(default=None, description="How S3 is reached; as the settings say by default.")

    def open(self) -> Warehouse:
        """Return the warehouse.

        Raises:
            S3Error: if it is on S3 and S3 refuses.
        """
        warehouse = Warehouse.at(self.root, self.target_file_mib, None if self.s3 is None else self.s3.connection)
        warehouse.root.check()
        return warehouse
