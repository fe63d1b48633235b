"""Decoding of picture files into frames, one by one or by the Arrow batch, and the reasons of failures.

A failure is a value: `decode_frame` raises `DecodeError` with a reason, `decode_batch` puts that reason into
the row of the picture. What is refused beforehand is in `limits`, what the modes of Pillow mean in `pixels`.
"""

import io
import re
import struct
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image, UnidentifiedImageError

from image_assets.contracts import DECODED_FRAMES, KEY_COLUMNS
from image_assets.errors import ImageAssetsError, SettingsError
from image_assets.vision.limits import (
    ORIENTATION_TAG,
    DecodeOptions,
    ImageFilter,
    PictureHeader,
    header_of,
    refusal,
)
from image_assets.vision.pixels import square_frame

__all__ = ["DecodeError", "DecodeOptions", "DecodedFrame", "ImageFilter", "decode_batch", "decode_frame"]

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF")

_HEADER_COLUMNS = ("height", "width", "n_channels", "mode")
_HeaderValues = tuple[int | None, int | None, int | None, str | None]
_UNKNOWN_HEADER: _HeaderValues = (None, None, None, None)
_MAX_REASON_LENGTH = 300
_MAX_BINARY_BYTES = 2**31 - 1

# Above its own threshold Pillow warns once more about what `max_pixels` has already decided.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class DecodedFrame(PictureHeader):
    """A picture as RGB pixels [frame_size, frame_size, 3] of uint8 (read-only), beside its header."""

    frame: npt.NDArray[np.uint8]


class DecodeError(ImageAssetsError):
    """A picture cannot become a frame. `header` is None if the file could not even be opened."""

    def __init__(self, reason: str, header: PictureHeader | None = None) -> None:
        super().__init__(reason)
        self.header = header


def decode_frame(content: bytes, options: DecodeOptions | None = None) -> DecodedFrame:
    """Decode the first frame of a JPEG, PNG, BMP, WebP, TIFF or GIF file.

    Raises:
        DecodeError: The content is no such picture, is damaged or cut off, or is outside the limits.
    """
    options = options or DecodeOptions()
    if not content:
        raise DecodeError("the file is empty")
    header = None
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            header = header_of(image)
            reason = refusal(image, header, content, options)
            if reason:
                raise DecodeError(reason, header)
            image.load()
            frame = square_frame(image, options.frame_size, options.alpha, _orientation_of(image))
    except UnidentifiedImageError as error:
        raise DecodeError("not a readable JPEG, PNG, BMP, WebP, TIFF or GIF picture") from error
    except DecodeError:
        raise
    # Decoders of untrusted bytes raise whatever their parsers stumble over (OSError, SyntaxError, struct.error,
    # OverflowError, MemoryError, ...), and no such file may end a run of a million.
    except Exception as error:
        raise DecodeError(_reason_of(error), header) from error
    return DecodedFrame(header.height, header.width, header.n_channels, header.mode, frame)


def decode_batch(batch: pa.RecordBatch, options: DecodeOptions | None = None) -> pa.RecordBatch:
    """Decode a batch of pictures; each that fails keeps its row, with the reason and without a frame.

    Args:
        batch: Rows of `RAW_IMAGES`; of its own columns `content` and `read_error` are used. A `read_error`
            is carried over as the reason.
        options: How pictures become frames.

    Returns:
        As many rows of `DECODED_FRAMES`, in the same order.

    Raises:
        SettingsError: The frames of the batch might exceed the 2 GiB that an Arrow binary column holds.
    """
    options = options or DecodeOptions()
    frame_bytes = 3 * options.frame_size**2
    if batch.num_rows * frame_bytes > _MAX_BINARY_BYTES:
        raise SettingsError(
            f"A batch of {batch.num_rows} rows of {frame_bytes} bytes exceeds the 2 GiB of an Arrow binary "
            f"column: use at most {_MAX_BINARY_BYTES // frame_bytes} rows per Arrow batch."
        )
    frames = np.empty((batch.num_rows, frame_bytes), np.uint8)
    decoded = np.zeros(batch.num_rows, bool)
    headers: list[_HeaderValues] = []
    reasons: list[str | None] = []
    stored = 0
    for row, (content, read_error) in enumerate(zip(batch["content"], batch["read_error"], strict=True)):
        header, reason = _UNKNOWN_HEADER, read_error.as_py()
        if reason is None:
            try:
                picture = decode_frame(content.as_py(), options)
            except DecodeError as error:
                header, reason = _header_values(error.header), str(error)
            else:
                header = _header_values(picture)
                frames[stored] = picture.frame.reshape(-1)
                stored += 1
                decoded[row] = True
        headers.append(header)
        reasons.append(reason)
    columns = {
        **{name: batch[name] for name in KEY_COLUMNS},
        **{name: [header[index] for header in headers] for index, name in enumerate(_HEADER_COLUMNS)},
        "frame": _binary_column(frames[:stored], decoded),
        "decode_error": reasons,
    }
    return pa.RecordBatch.from_pydict(columns, schema=DECODED_FRAMES)


def _orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation of a loaded picture; 1 where Pillow has applied it itself (TIFF).

    Metadata that cannot be parsed mean upright: viewers show such a picture, too.
    """
    try:
        orientation = image.getexif().get(ORIENTATION_TAG)
    except (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        return 1
    return orientation if isinstance(orientation, int) else 1


def _header_values(header: PictureHeader | None) -> _HeaderValues:
    if header is None:
        return _UNKNOWN_HEADER
    return header.height, header.width, header.n_channels, header.mode


def _reason_of(error: Exception) -> str:
    """Return what happened in a form that is the same in every run: without addresses, valid UTF-8, bounded."""
    message = re.sub(r" at 0x[0-9a-fA-F]+", "", str(error)).encode("utf-8", "replace").decode()
    return f"{type(error).__name__}: {message}"[:_MAX_REASON_LENGTH]


def _binary_column(values: npt.NDArray[np.uint8], present: npt.NDArray[np.bool_]) -> Any:
    """Return a binary column whose present rows are the rows of `values`, around the same memory."""
    offsets = np.zeros(present.size + 1, np.int32)
    np.cumsum(present * np.int32(values.shape[1]), out=offsets[1:])
    validity = np.packbits(present, bitorder="little")
    buffers = [pa.py_buffer(validity), pa.py_buffer(offsets), pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.binary(), present.size, buffers)
