"""Stage 5: the reconstructed scene as one tiled TIFF or BigTIFF with pyramid levels, written in bounded memory.

The file is written by one task, since a file has one writer; it holds one row of tiles at a time. On a warehouse on S3
it is written to the worker's temporary folder first. Each run writes a new file; the row of the table names the valid
one, and older ones go after the commit.
"""

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import fs
from pyspark import SparkContext

from image_assets.contracts import RECONSTRUCTED_SCENE
from image_assets.scenes.tile_tables import StoredScene, TileReader, stored_scene
from image_assets.scenes.worker_memory import keep_freed_memory
from image_assets.spark.side_by_side import RowCounter
from image_assets.spark.stages import gather_stage
from image_assets.tiles.pyramid import PyramidSummary, write_pyramid
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import DataFile, write_batches
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

FOLDER = "_scenes"


def write_scene(
    context: SparkContext, warehouse: Warehouse, target: Table, scene: str, counter: RowCounter
) -> list[DataFile]:
    """Write the reconstructed tiles of a scene as one file below `<warehouse>/_scenes`, and the row that names it.

    Nothing is committed here.

    Args:
        context: Spark.
        warehouse: with `reconstructed_tiles`.
        target: `reconstructed_scene`, where the row is written.
        scene: which one.
        counter: counts the file.

    Raises:
        WarehouseError: there are no reconstructed tiles.
        StageError: the file could not be written.
    """
    tiles = warehouse.table("reconstructed_tiles")
    stored = stored_scene(tiles, scene)
    path = f"{FOLDER}/{scene}/{Path(scene).stem}-{uuid.uuid4().hex[:8]}.tif"
    root, destination = tiles.root, warehouse.root.join(path)

    def write(tasks: Iterable[StoredScene]) -> Iterator[PyramidSummary]:
        keep_freed_memory()
        for task in tasks:
            yield _write_file(root, task, destination)

    counter.planned.append(1)
    (summary,) = gather_stage(context, [stored], write)
    counter.done.add(1)
    row: dict[str, Any] = {
        "scene": scene,
        "path": path,
        "width": stored.grid.width,
        "height": stored.grid.height,
        "channels": stored.channels,
        "dtype": stored.dtype,
        "levels": len(summary.levels),
        "bigtiff": summary.bigtiff,
        "size_bytes": summary.size_bytes,
        "reconstruction": tiles.head(1, ["reconstruction"], [scene])["reconstruction"][0].as_py(),
    }
    batch = pa.RecordBatch.from_pylist([row], schema=RECONSTRUCTED_SCENE)
    return write_batches(target.root, target.schema, target.partition_column, [batch], target.write_options)


def file_is_there(warehouse: Warehouse, scene: str) -> bool:
    """Return whether the file that the row of a scene names exists."""
    rows = warehouse.table("reconstructed_scene").read(["path"], [scene]).to_pylist()
    return all(warehouse.root.join(row["path"]).exists() for row in rows)


def remove_superseded(warehouse: Warehouse, scene: str) -> list[str]:
    """Remove the files of a scene that its row no longer names, and return their names."""
    rows = warehouse.table("reconstructed_scene").read(["path"], [scene]).to_pylist()
    valid = {row["path"].rsplit("/", 1)[-1] for row in rows}
    folder = warehouse.root.join(FOLDER, scene)
    if not valid:
        return []
    files = folder.filesystem.get_file_info(fs.FileSelector(folder.path, allow_not_found=True))
    old = [file.base_name for file in files if file.base_name not in valid and file.type == fs.FileType.File]
    for name in old:
        folder.join(name).delete()
    return old


def _write_file(root: Location, stored: StoredScene, destination: Location) -> PyramidSummary:
    with closing(TileReader(root, stored.addresses)) as reader:
        tiles = ((tile, reader.read(tile)) for tile in stored.grid.tiles())
        arguments = (stored.grid, tiles, stored.channels, np.dtype(stored.dtype))
        if not destination.is_s3:
            path = Path(destination.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            return write_pyramid(path, *arguments)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scene.tif"
            summary = write_pyramid(path, *arguments)
            fs.copy_files(str(path), destination.path, fs.LocalFileSystem(), destination.filesystem)
            return summary
