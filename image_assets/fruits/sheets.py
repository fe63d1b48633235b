"""Contact sheets of a class, from the tables that hold pictures."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from image_assets.errors import SettingsError, WarehouseError
from image_assets.fruits.decoded_frames import frame_pixels
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from PIL.Image import Image

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
    # Failures have no picture: a few rows more than are wanted.
    rows = table.head(2 * count, ["path", column], [fruit_class])
    rows = rows.filter(pc.is_valid(rows[column])).slice(0, count)
    if rows.num_rows == 0:
        raise WarehouseError(
            f"{table.name} at {table.root.uri} holds no picture of {fruit_class}: materialize {table.name} for it first"
        )
    images = [pixels(content) for content in rows[column].to_pylist()]
    captions = [path.rsplit("/", 1)[-1] for path in rows["path"].to_pylist()]
    return contact_sheet(images, captions, columns=6, tile_size=144, title=fruit_class), rows.num_rows


def save_sheet(sheet: "Image", destination: Path) -> None:
    """Write a sheet to a file whose suffix names the format.

    Raises:
        SettingsError: if the suffix is of no format for pictures.
    """
    if destination.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"{destination} has the suffix {destination.suffix!r}: use one of {', '.join(SUFFIXES)}")
    destination.parent.mkdir(parents=True, exist_ok=True)
    sheet.convert("RGB").save(destination)
