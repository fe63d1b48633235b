"""The pages of one TIFF or PNG file as planes with the sample type of the file.

Reads whatever Pillow reads (PackBits, LZW, Deflate, BigTIFF). Only files with one channel are volumes; nothing is
converted between sample types.
Formats: https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from image_assets.signals.arrays import Block
from image_assets.signals.errors import VolumeError

_BITS_PER_SAMPLE, _SAMPLE_FORMAT = 258, 339  # TIFF 6.0, sections 8 and 19
_SIGNED = 2
_FAILURES = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class Pages:
    """What the headers of a file say.

    Attributes:
        count: Number of pages.
        shape: (y, x) of the first page.
        dtype: Sample type of the first page, such as `uint8`.
    """

    count: int
    shape: tuple[int, int]
    dtype: str


class PageReader:
    """An open file whose pages are read in any order; forwards is fastest."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image

    def describe(self) -> Pages:
        """Return the number of pages and what the first one looks like, without decoding it."""
        with _as_volume_error():
            self._image.seek(0)
            width, height = self._image.size
            dtype = _sample_type(self._image)
            return Pages(getattr(self._image, "n_frames", 1), (height, width), dtype.name)

    def read(self, start: int, stop: int) -> Block:
        """Decode pages start .. stop - 1.

        Returns:
            [stop - start, y, x] in the sample type of the file, native byte order.

        Raises:
            VolumeError: If a page is missing or damaged, or the pages differ in shape or sample type.
        """
        planes: list[Block] = []
        for number in range(start, stop):
            with _as_volume_error():
                self._image.seek(number)
                plane = _plane(self._image)
            if planes and (plane.shape, plane.dtype) != (planes[0].shape, planes[0].dtype):
                raise VolumeError(
                    f"page {number} is {plane.dtype} {plane.shape}, page {start} {planes[0].dtype} {planes[0].shape}"
                )
            planes.append(plane)
        return np.stack(planes)


@contextmanager
def open_pages(file: Path | BinaryIO) -> Iterator[PageReader]:
    """Open a TIFF or PNG file.

    Raises:
        VolumeError: If it cannot be opened.
    """
    with _as_volume_error():
        image = Image.open(file)
    with image:
        yield PageReader(image)


def read_volume(file: Path | BinaryIO) -> Block:
    """Decode all pages of a file as one volume [z, y, x]; see `PageReader.read`."""
    with open_pages(file) as pages:
        return pages.read(0, pages.describe().count)


def _plane(image: Image.Image) -> Block:
    dtype = _sample_type(image)
    samples = np.asarray(image)
    if samples.dtype.kind == dtype.kind == "i" or samples.dtype.kind == "u" or samples.dtype == dtype:
        return samples.astype(dtype)
    # Pillow holds unsigned 32-bit samples in its signed mode I.
    return samples.view(dtype)


def _sample_type(image: Image.Image) -> np.dtype[np.generic]:
    """Return the sample type in the file, which the mode of Pillow does not always tell."""
    tags = getattr(image, "tag_v2", {})
    bits = tuple(tags.get(_BITS_PER_SAMPLE, ()))
    if image.mode == "L" and bits in {(), (8,)}:
        return np.dtype(np.uint8)
    if image.mode.startswith("I;16"):
        return np.dtype(np.uint16)
    if image.mode == "F" and bits in {(), (32,)}:
        return np.dtype(np.float32)
    if image.mode == "I" and bits in {(16,), (32,)}:
        signed = tuple(tags.get(_SAMPLE_FORMAT, ())) == (_SIGNED,)
        return np.dtype(f"{'i' if signed else 'u'}{bits[0] // 8}")
    raise VolumeError(
        f"a picture of mode {image.mode} with {bits or 'unknown'} bits per sample is no plane of a volume: "
        "store one channel of 8-, 16- or 32-bit integers or 32-bit floats"
    )


@contextmanager
def _as_volume_error() -> Iterator[None]:
    """Turn what Pillow and its decoders raise on damaged files into a `VolumeError`."""
    try:
        yield
    except _FAILURES as error:
        raise VolumeError(f"cannot be decoded: {type(error).__name__}: {error}") from error
