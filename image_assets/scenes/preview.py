"""Stage 4: a scene in small, made from its tiles: sums per tile in the workers, one picture in the driver."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark import SparkContext

from image_assets.contracts import SCENE_PREVIEW
from image_assets.scenes.blocks import shares
from image_assets.scenes.tile_tables import TileReader, stored_scene
from image_assets.scenes.worker_memory import keep_freed_memory
from image_assets.spark.side_by_side import RowCounter
from image_assets.spark.stages import TASKS_PER_CORE, gather_stage
from image_assets.tiles.contributions import Patch
from image_assets.tiles.geometry import Tile
from image_assets.tiles.preview import assemble_preview, displayable, preview_piece, preview_scale
from image_assets.warehouse.parquet import DataFile, write_batches
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image


def draw_preview(context: SparkContext, tiles: Table, scene: str, longest_side: int) -> "tuple[NDArray[np.uint8], int]":
    """Return a picture of a whole scene and its scale.

    Args:
        context: Spark.
        tiles: `source_tiles` or `reconstructed_tiles`.
        scene: which one.
        longest_side: of the picture at most, in pixels.

    Returns:
        uint8 of shape (rows, columns) or (rows, columns, 3); pixels of the scene per pixel of the picture.

    Raises:
        WarehouseError: the table does not hold the scene.
    """
    stored = stored_scene(tiles, scene)
    scale = preview_scale(stored.grid, longest_side)
    root, addresses = tiles.root, stored.addresses

    def pieces(tasks: Iterable[tuple[Tile, ...]]) -> Iterator[Patch]:
        keep_freed_memory()
        for task in tasks:
            reader = TileReader(root, addresses)
            for tile in task:
                yield preview_piece(reader.read(tile), tile, scale)
            reader.close()

    tasks = [tuple(share) for share in shares(list(stored.grid.tiles()), context.defaultParallelism * TASKS_PER_CORE)]
    means = assemble_preview(gather_stage(context, tasks, pieces), stored.grid, scale)
    return displayable(means, np.dtype(stored.dtype)), scale


def write_previews(
    context: SparkContext,
    sources: Sequence[Table],
    target: Table,
    scene: str,
    longest_side: int,
    counter: RowCounter,
) -> list[DataFile]:
    """Draw a scene as each table has it and write the pictures; nothing is committed here."""
    rows: list[dict[str, Any]] = []
    counter.planned.append(len(sources))
    for table in sources:
        picture, scale = draw_preview(context, table, scene, longest_side)
        grid = stored_scene(table, scene).grid
        rows.append(
            {
                "scene": scene,
                "of": table.name,
                "width": grid.width,
                "height": grid.height,
                "scale": scale,
                "picture": png_of(picture),
            }
        )
        counter.done.add(1)
    batch = pa.RecordBatch.from_pylist(rows, schema=SCENE_PREVIEW)
    return write_batches(target.root, target.schema, target.partition_column, [batch], target.write_options)


def png_of(picture: "NDArray[np.uint8]") -> bytes:
    """Return the PNG file of a picture."""
    from PIL import Image

    sink = io.BytesIO()
    Image.fromarray(picture).save(sink, format="PNG", optimize=True)
    return sink.getvalue()


def stored_pictures(previews: Table, scene: str) -> "dict[str, Image]":
    """Return the pictures of a scene by the table that they show."""
    from PIL import Image

    rows = previews.read(["of", "picture"], [scene]).to_pylist()
    return {row["of"]: Image.open(io.BytesIO(row["picture"])) for row in rows}
