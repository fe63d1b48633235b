"""The warehouse: one root with a table per asset, and the artefacts beside them."""

from dataclasses import dataclass
from pathlib import Path

from image_assets.contracts import BLOB_TABLES, PARTITION_COLUMN, PARTITION_COLUMNS, TABLES, TILE_TABLES
from image_assets.errors import WarehouseError
from image_assets.s3.connection import S3Connection
from image_assets.warehouse.artifacts import ArtifactStore
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import MEBIBYTE, WriteOptions
from image_assets.warehouse.table import Table

BLOB_ROW_GROUP_ROWS = 128
BLOB_COMPRESSION_LEVEL = -5
"""Of zstd. Frames of photographs take 10 % more bytes than at level 1, half the time to write and to read."""


@dataclass(frozen=True)
class Warehouse:
    """Tables at `<root>/<asset name>`, artefacts at `<root>/_artifacts`.

    Attributes:
        root: local folder or S3 prefix.
        target_file_mib: size at which a task closes a Parquet file, in MiB.
    """

    root: Location
    target_file_mib: int = 128

    @classmethod
    def at(cls, address: str | Path, target_file_mib: int = 128, s3: S3Connection | None = None) -> "Warehouse":
        """Open the warehouse at a path or s3:// address; nothing is created before something is written.

        Args:
            address: path or s3://bucket/prefix.
            target_file_mib: size at which a task closes a Parquet file, in MiB.
            s3: how S3 is reached; as the settings say by default.
        """
        return cls(Location.of(address, s3), target_file_mib)

    def table(self, name: str) -> Table:
        """Return the table of an asset.

        Raises:
            WarehouseError: if no asset has such a table.
        """
        if name not in TABLES:
            raise WarehouseError(f"there is no table {name!r}; the tables are {sorted(TABLES)}")
        options = WriteOptions(target_file_bytes=self.target_file_mib * MEBIBYTE)
        if name in BLOB_TABLES:
            options = WriteOptions(
                target_file_bytes=self.target_file_mib * MEBIBYTE,
                row_group_rows=BLOB_ROW_GROUP_ROWS,
                compression_level=BLOB_COMPRESSION_LEVEL,
            )
        elif name in TILE_TABLES:
            options = WriteOptions(
                target_file_bytes=self.target_file_mib * MEBIBYTE,
                row_group_rows=1,
                uncompressed=tuple(TABLES[name].names),
            )
        column = PARTITION_COLUMNS.get(name, PARTITION_COLUMN)
        return Table(name, self.root.join(name), TABLES[name], column, options)

    @property
    def artifacts(self) -> ArtifactStore:
        """Fitted projections and classifiers, exported graphs."""
        return ArtifactStore(self.root.join("_artifacts"))
