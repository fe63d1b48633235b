"""Small pictures in every format and mode, made for the tests of decoding."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """Return an image as the bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def colourful(height: int = 40, width: int = 60) -> Image.Image:
    """Return an RGB picture without symmetry: red grows to the right, green downwards, a blue corner."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack(
        [columns * 255 // max(width - 1, 1), rows * 255 // max(height - 1, 1), 90 + 0 * rows], axis=-1
    ).astype(np.uint8)
    pixels[: height // 4, : width // 4] = (20, 40, 250)
    return Image.fromarray(pixels)


def expected_frame(image: Image.Image, frame_size: int) -> npt.NDArray[np.uint8]:
    """Return what the notebooks do with an RGB or grey picture: convert, then resize with the bicubic filter."""
    return np.asarray(image.convert("RGB").resize((frame_size, frame_size), Image.Resampling.BICUBIC))


def greatest_difference(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> int:
    """Return the largest absolute difference in grey levels."""
    return int(np.abs(first.astype(int) - second.astype(int)).max())
