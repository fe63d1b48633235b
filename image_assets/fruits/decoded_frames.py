"""Stage 2: pictures as frames of one size, and a picture of a class for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from image_assets.contracts import KEY_COLUMNS
from image_assets.spark.stages import Batches, Kernel
from image_assets.vision.decode import DecodeOptions, decode_batch
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from PIL.Image import Image

SOURCE_COLUMNS = [*KEY_COLUMNS, "content", "read_error"]
BATCH_ROWS = 64
SHEET_FRAMES = 12


def decode_kernel(options: DecodeOptions) -> Kernel:
    """Return the kernel from rows of `raw_images` to rows of `decoded_frames`."""

    def kernel(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield decode_batch(batch, options)

    return kernel


def class_sheet(frames: Table, fruit_class: str) -> "Image | None":
    """Draw a contact sheet of the first frames of a class, or None if it has none."""
    from image_assets.vision.contact_sheet import contact_sheet

    rows = frames.head(2 * SHEET_FRAMES, ["path", "frame"], [fruit_class])
    rows = rows.filter(pc.is_valid(rows["frame"])).slice(0, SHEET_FRAMES)
    if rows.num_rows == 0:
        return None
    pictures = [frame_pixels(content) for content in rows["frame"].to_pylist()]
    return contact_sheet(pictures, [path.rsplit("/", 1)[-1] for path in rows["path"].to_pylist()])


def frame_pixels(content: bytes) -> np.ndarray:
    """View the bytes of a frame as pixels, uint8 [size, size, 3]."""
    size = int(np.sqrt(len(content) // 3))
    return np.frombuffer(content, np.uint8).reshape(size, size, 3)
