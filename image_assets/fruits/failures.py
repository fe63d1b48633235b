"""The pictures of classes that could not be read or decoded, with the reason of each."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from image_assets.warehouse.failures import PICTURE_COLUMNS, table_failures
from image_assets.warehouse.warehouse import Warehouse


def class_failures(warehouse: Warehouse, classes: Iterable[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Read the failures of classes, with the columns of `image_assets.warehouse.failures.SCHEMA`.

    A class is answered by `decoded_frames`, which repeats what could not be read; one that was never decoded by
    `raw_images`.

    Args:
        warehouse: that holds the tables.
        classes: all by default.
    """
    raw, frames = warehouse.table("raw_images"), warehouse.table("decoded_frames")
    decoded = frames.counts()
    wanted = sorted({*decoded, *raw.counts()} if classes is None else set(classes))
    yield from table_failures(frames, [name for name in wanted if name in decoded], PICTURE_COLUMNS)
    yield from table_failures(raw, [name for name in wanted if name not in decoded], PICTURE_COLUMNS)
