"""Contact sheets of a class, from the tables that hold pictures."""

import io
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from image_assets.errors import SettingsError, WarehouseError
from image_assets.fruits.decoded_frames import frame_pixels
from image_assets.warehouse.reading import read_batches
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from PIL.Image import Image

BATCH_ROWS = 32
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def _picture_pixels(content: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(content)))


PICTURES: dict[str, tuple[str, Callable[[bytes], np.ndarray]]] = {
    "decoded_frames": ("frame", frame_pixels),
    "labelled_pictures": ("picture", _picture_pixels),
}
"""Tables that can be shown: the column that holds pictures, and what makes pixels of it."""


def class_pictures(table: Table, fruit_class: str, count: int) -> tuple["Image", int]:
    """Draw the first pictures of a class on a sheet.

    Args:
        table: one of `PICTURES`.
        fruit_class: the class.
        count: pictures at most.

    Returns:
        The sheet and the number of pictures on it.

    Raises:
        WarehouseError: if the table has no picture of the class.
    """
    from image_assets.vision.contact_sheet import contact_sheet

    column, pixels = PICTURES[table.name]
    rows = list(islice(_rows(table, fruit_class, column), count))
    if not rows:
        raise WarehouseError(
            f"{table.name} at {table.root.uri} holds no picture of {fruit_class}: materialize {table.name} for it first"
        )
    images = [pixels(content) for _, content in rows]
    captions = [path.rsplit("/", 1)[-1] for path, _ in rows]
    return contact_sheet(images, captions, columns=6, tile_size=144, title=fruit_class), len(rows)


def _rows(table: Table, fruit_class: str, column: str) -> Iterator[tuple[str, bytes]]:
    """Read path and picture of the rows that have one, a few at a time."""
    constants = {table.partition_column: fruit_class}
    for file in table.files([fruit_class]):
        for batch in read_batches(table.root, file.path, ["path", column], constants, batch_rows=BATCH_ROWS):
            shown = batch.filter(batch[column].is_valid())
            yield from zip(shown["path"].to_pylist(), shown[column].to_pylist(), strict=True)


def save_sheet(sheet: "Image", destination: Path) -> None:
    """Write a sheet to a file whose suffix names the format.

    Raises:
        SettingsError: if the suffix is of no format for pictures.
    """
    if destination.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"{destination} has the suffix {destination.suffix!r}: use one of {', '.join(SUFFIXES)}")
    destination.parent.mkdir(parents=True, exist_ok=True)
    sheet.convert("RGB").save(destination)
