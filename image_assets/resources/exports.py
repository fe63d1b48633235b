"""Where exports go and what they look like."""

from dagster import ConfigurableResource
from pydantic import Field

from image_assets.fruits.exports import ExportOptions
from image_assets.warehouse.exports import Export
from image_assets.warehouse.location import Location
from image_assets.warehouse.warehouse import Warehouse

FOLDER = "exports"


class ExportResource(ConfigurableResource):
    """Parquet and CSV files for readers that know no Delta."""

    root: str | None = Field(
        default=None, description="Folder or s3:// address; empty: the folder exports in the warehouse."
    )
    formats: list[str] = Field(default=["parquet", "csv"], description="A Parquet data set, a CSV file, or both.")
    csv_header: bool = Field(default=True, description="Whether the first line of the CSV names its columns.")
    key_columns: list[str] = Field(
        default=["path", "fruit_class", "label", "split"],
        description="Key columns before the values; none are allowed.",
    )

    @property
    def options(self) -> ExportOptions:
        """The options as the computation takes them."""
        return ExportOptions(tuple(self.formats), self.csv_header, tuple(self.key_columns))

    def open(self, table: str, warehouse: Warehouse) -> Export:
        """Return the exports of a table; S3 is reached as it is for the warehouse."""
        root = warehouse.root.join(FOLDER) if self.root is None else Location.of(self.root, warehouse.root.s3)
        return Export(table, root.join(table))
