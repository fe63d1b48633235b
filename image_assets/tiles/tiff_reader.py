"""Windows of TIFF and BigTIFF files: only the tiles or strips that a window touches are decoded.

tifffile parses the file and decodes single segments; which segments a window needs is worked out here. That needs no
more memory than the window and one segment, and was measured faster than tifffile's zarr store, rasterio (GDAL) and
libvips on tiled files (`benchmarks/tile_readers.py`).
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import tifffile

from image_assets.errors import SourceError
from image_assets.tiles.geometry import Window
from image_assets.tiles.scene import Access, Pixels, SceneInfo, checked_window, require_memory


class TiffReader:
    """The first picture of a TIFF or BigTIFF file, tiled or in strips, any compression that imagecodecs knows.

    Values are as stored: palette indices stay indices, only YCbCr JPEG becomes RGB. The last decoded strip is kept,
    so that reading bands from the top to the bottom decodes no strip twice (each plane's, in files of several planes,
    at most twice).

    Args:
        source: A path, or a seekable binary file such as `obstore.open_reader` gives.
        max_decoded_bytes: Largest tile or strip that may be decoded.

    Raises:
        SourceError: The file cannot be parsed, or holds what is not a picture of whole or floating-point numbers.
    """

    def __init__(self, source: Path | BinaryIO, max_decoded_bytes: int) -> None:
        self._name = str(getattr(source, "name", source))
        try:
            self._file = tifffile.TiffFile(source)
            self._page = self._file.pages.first
            n_pages = len(self._file.series[0].pages)
        except (tifffile.TiffFileError, ValueError, IndexError) as error:
            raise SourceError(f"{self._name} cannot be read as a TIFF: {error}; write it again") from error
        page = self._page
        if n_pages != 1:
            raise SourceError(f"{self._name} is a stack of {n_pages} pages; give each page as a scene of its own")
        if page.dtype is None or page.dtype.kind not in "uif" or page.imagedepth != 1 or not page.dataoffsets:
            raise SourceError(
                f"{self._name} holds {page.dtype} of depth {page.imagedepth}; expected one plane of whole or "
                f"floating-point numbers: convert it"
            )
        self._segment_rows = page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength)
        self._segment_columns = page.tilewidth if page.is_tiled else page.imagewidth
        self._contiguous = bool(page.is_final and page.is_contiguous)
        separate = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
        self._planes = page.samplesperpixel if separate else 1
        self._samples = page.samplesperpixel // self._planes
        self._info = SceneInfo(
            page.imagewidth,
            page.imagelength,
            page.samplesperpixel,
            page.dtype.newbyteorder("="),
            self._access(),
        )
        self._kept: tuple[int, Pixels | None] = (-1, None)
        if not self._contiguous:
            segment = self._segment_rows * self._segment_columns * self._samples * page.dtype.itemsize
            require_memory(f"a tile or strip of {self._name}", segment, max_decoded_bytes)

    def describe(self) -> SceneInfo:
        """Return size and kind."""
        return self._info

    def read_window(self, x0: int, y0: int, width: int, height: int) -> Pixels:
        """Return the pixels of a window, shape (height, width, channels).

        Raises:
            SourceError: The window is not within the scene, or a segment is damaged.
        """
        window = checked_window(self._info, x0, y0, width, height)
        pixels = np.empty((height, width, self._planes, self._samples), self._info.dtype)
        for plane in range(self._planes):
            if self._contiguous:
                self._read_rows(pixels[:, :, plane], window, plane)
            else:
                self._read_segments(pixels[:, :, plane], window, plane)
        return pixels.reshape(height, width, -1)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _access(self) -> Access:
        if self._page.is_tiled or self._contiguous:
            return Access.WINDOWS
        return Access.ROWS if self._segment_rows < self._page.imagelength else Access.WHOLE

    def _read_rows(self, pixels: Pixels, window: Window, plane: int) -> None:
        """Read uncompressed pixels, only those of the window.

        Not memory-mapped: mapped pages would count as memory of the process.
        """
        file, stored = self._file.filehandle, self._info.dtype.newbyteorder(self._file.byteorder)
        pixel_bytes = self._samples * stored.itemsize
        for row in range(window.height):
            before = (plane * self._info.height + window.top + row) * self._info.width + window.left
            file.seek(self._page.dataoffsets[0] + before * pixel_bytes)
            data = file.read(window.width * pixel_bytes)
            if len(data) != window.width * pixel_bytes:
                raise SourceError(f"{self._name} ends within row {window.top + row}; replace the file")
            pixels[row] = np.frombuffer(data, stored).reshape(window.width, self._samples)

    def _read_segments(self, pixels: Pixels, window: Window, plane: int) -> None:
        """Decode the tiles or strips that the window touches, one at a time."""
        rows, columns = self._segment_rows, self._segment_columns
        down, across = -(-self._info.height // rows), -(-self._info.width // columns)
        for row in range(window.top // rows, -(-window.bottom // rows)):
            for column in range(window.left // columns, -(-window.right // columns)):
                segment = Window(column * columns, row * rows, columns, rows)
                shared = segment.intersection(window)
                values = self._segment((plane * down + row) * across + column)
                pixels[shared.within(window)] = self._page.nodata if values is None else values[shared.within(segment)]

    def _segment(self, index: int) -> Pixels | None:
        """Return a decoded tile or strip, shape (rows, columns, samples); None if the file leaves it out."""
        if self._kept[0] == index:
            return self._kept[1]
        page, size = self._page, self._page.databytecounts[index]
        try:
            self._file.filehandle.seek(page.dataoffsets[index])
            data = self._file.filehandle.read(size) if size else None
            decoded = page.decode(data, index, jpegtables=page.jpegtables)[0]
        except (ValueError, RuntimeError, OSError, NotImplementedError) as error:
            raise SourceError(f"{self._name}: tile or strip {index} cannot be decoded ({error})") from error
        values = None if decoded is None else decoded[0]
        if not page.is_tiled:
            self._kept = (index, values)
        return values
