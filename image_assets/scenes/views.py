"""SQL over scenes: light keys and heavy pictures under separate names.

For each table of tiles, `source_tiles` and `reconstructed_tiles`, a session gets two views:

- `<table>_keys`: the key columns and `picture`, a handle of a few bytes that says where the pixels are;
- `<table>_pictures`: the key columns and `pixels`, compressed as stored.

and functions that fetch the pixels of a handle when a row needs them: `tile_statistics(picture)`, a struct of mean,
std, minimum, maximum and the brightest point counted from the tile's corner, and `tile_pixels(picture)`, the values
row by row. Spark evaluates them after the filters on keys, so that a question about some tiles reads these tiles and
no others, and one about keys reads none.

Spark does not prune the columns of a Python data source and cannot push all filters to it (see docs/architecture.md):
handles do without both, on disk and on S3, without jars.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.accumulators import Accumulator
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import BinaryType

from image_assets.contracts import SCENE_COLUMN, SOURCE_TILES, TILE_KEY_COLUMNS, TILE_TABLES
from image_assets.scenes.tile_tables import TileAddress, table_rows
from image_assets.tiles.codec import decode_pixels
from image_assets.tiles.geometry import TileGrid
from image_assets.tiles.scene import Pixels
from image_assets.tiles.statistics import tile_statistics
from image_assets.warehouse.location import Location
from image_assets.warehouse.reading import read_batches
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

KEY_NAMES = [*TILE_KEY_COLUMNS, "channels", "dtype"]
KEY_SCHEMA = pa.schema([*(SOURCE_TILES.field(name) for name in KEY_NAMES), pa.field("picture", pa.string())])
STATISTICS = "mean double, std double, minimum double, maximum double, brightest_row bigint, brightest_column bigint"


class CountingFile:
    """A file that counts the bytes that are read from it."""

    def __init__(self, location: Location) -> None:
        self._file = location.open_unmapped()
        self.bytes_read = 0
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Read and count."""
        content = bytes(self._file.read(None if size is None or size < 0 else size))
        self.bytes_read += len(content)
        return content

    def seek(self, position: int, whence: int = 0) -> int:
        """Go to a position."""
        return int(self._file.seek(position, whence))

    def tell(self) -> int:
        """Return the position."""
        return int(self._file.tell())

    def size(self) -> int:
        """Return the size of the file."""
        return int(self._file.size())

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from anywhere."""
        return True

    def writable(self) -> bool:
        """Say that it cannot be written."""
        return False

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self.closed = True


@dataclass(frozen=True)
class SceneViews:
    """The views and functions of a session, and what questions to them have read since `reset`."""

    _bytes: Accumulator[int]
    _tiles: Accumulator[int]

    @property
    def bytes_read(self) -> int:
        """Bytes read from the files of tables, keys and pixels together."""
        return int(self._bytes.value)

    @property
    def tiles_read(self) -> int:
        """Tiles whose pixels were read."""
        return int(self._tiles.value)

    def reset(self) -> None:
        """Count from 0 again."""
        self._bytes.value = self._tiles.value = 0


def create_views(spark: SparkSession, warehouse: Warehouse) -> SceneViews:
    """Create views of the latest version of the tables of tiles, and the functions; see the module.

    Call it again to see a newer version. Tables that do not exist have no views.
    """
    context = spark.sparkContext
    root = warehouse.root
    views = SceneViews(context.accumulator(0), context.accumulator(0))
    for name in sorted(TILE_TABLES):
        table = warehouse.table(name)
        if table.exists():
            _keys_view(spark, table, views).createOrReplaceTempView(f"{name}_keys")
            _pictures_view(spark, table).createOrReplaceTempView(f"{name}_pictures")
    spark.udf.register("tile_pixels", lambda handle: _read(views, root, handle).tobytes(), BinaryType())
    spark.udf.register("tile_statistics", lambda handle: _describe(_read(views, root, handle)), STATISTICS)
    return views


def _keys_view(spark: SparkSession, table: Table, views: SceneViews) -> DataFrame:
    """Return keys and handles, read where and when a question asks for them."""
    root, name = table.root, table.name

    def rows(files: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in files:
            for file in batch.to_pylist():
                counting = CountingFile(root.join(file["path"]))
                found = list(table_rows(pa.PythonFile(counting, mode="r"), file["path"]))
                views._bytes.add(counting.bytes_read)
                yield pa.RecordBatch.from_pylist(
                    [{**key, SCENE_COLUMN: file["scene"], "picture": _handle(name, place)} for key, place in found],
                    schema=KEY_SCHEMA,
                )

    return _files(spark, table).mapInArrow(rows, from_arrow_schema(KEY_SCHEMA))


def _pictures_view(spark: SparkSession, table: Table) -> DataFrame:
    root, columns = table.root, [*KEY_NAMES, "pixels"]
    schema = pa.schema([table.schema.field(name) for name in columns])

    def rows(files: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in files:
            for file in batch.to_pylist():
                constants = {SCENE_COLUMN: file["scene"]}
                for rows_read in read_batches(root, file["path"], columns, constants, batch_rows=1):
                    yield rows_read.cast(schema)

    return _files(spark, table).mapInArrow(rows, from_arrow_schema(schema))


def _files(spark: SparkSession, table: Table) -> DataFrame:
    files = table.files()
    rows = spark.sparkContext.parallelize([(file.path, file.partition) for file in files], max(1, len(files)))
    return spark.createDataFrame(rows, "path string, scene string")


def _handle(table: str, place: TileAddress) -> str:
    return json.dumps([f"{table}/{place.path}", place.group, place.row])


def _read(views: SceneViews, root: Location, handle: str) -> Pixels:
    path, group, row = json.loads(handle)
    counting = CountingFile(root.join(path))
    with pq.ParquetFile(pa.PythonFile(counting, mode="r"), memory_map=False) as file:
        column = file.read_row_group(group, columns=["pixels"], use_threads=False)["pixels"]
        pixels = decode_pixels(memoryview(column[row].as_buffer()))
    views._bytes.add(counting.bytes_read)
    views._tiles.add(1)
    return np.ascontiguousarray(pixels)


def _describe(pixels: Pixels) -> tuple[Any, ...]:
    height, width = pixels.shape[:2]
    return tuple(tile_statistics(pixels, TileGrid("tile", width, height, max(width, height)).tile(0, 0)))
