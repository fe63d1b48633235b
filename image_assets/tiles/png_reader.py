"""Windows of PNG files, a band of rows at a time.

Reaching a row of a PNG means inflating all rows above it, but none of them has to be kept: memory is the band read
last, the window and a few MiB. Interlaced files, palettes and less than 8 bits per value are decoded as a whole at the
first window, within a limit. Opening a file reads its header alone.
"""

from pathlib import Path
from typing import BinaryIO

import imagecodecs
import numpy as np

from image_assets.errors import SourceError
from image_assets.tiles.png_rows import PngRows, decoded_channels, read_png_header
from image_assets.tiles.scene import Access, Pixels, SceneInfo, checked_window, require_memory


class PngReader:
    """A PNG file. Reading windows from the top to the bottom inflates it once; going back starts again.

    Palettes become colours; everything else is as stored.

    Args:
        source: A path, or a seekable binary file.
        max_decoded_bytes: Largest picture that may be decoded as a whole.

    Raises:
        SourceError: The file is no PNG, or must be decoded as a whole and is larger than the limit.
    """

    def __init__(self, source: Path | BinaryIO, max_decoded_bytes: int) -> None:
        self._name = str(getattr(source, "name", source))
        self._file = source.open("rb") if isinstance(source, Path) else source
        self._header = header = read_png_header(self._file, self._name)
        self._rows = PngRows(self._file, header, self._name)
        channels = header.channels
        if not header.streams:
            require_memory(self._name, 4 * header.width * header.height, max_decoded_bytes)
            channels = decoded_channels(self._file, header)
        dtype = np.dtype(np.uint16 if header.bits == 16 else np.uint8)
        self._info = SceneInfo(header.width, header.height, channels, dtype, Access.WHOLE)
        self._top, self._band = 0, np.empty((0, header.width, channels), dtype)

    def describe(self) -> SceneInfo:
        """Return size and kind."""
        return self._info

    def read_window(self, x0: int, y0: int, width: int, height: int) -> Pixels:
        """Return the pixels of a window, shape (height, width, channels).

        Raises:
            SourceError: The window is not within the scene, or the file is damaged.
        """
        checked_window(self._info, x0, y0, width, height)
        if not (self._top <= y0 and y0 + height <= self._top + len(self._band)):
            self._band = self._band[:0]
            self._top, self._band = self._rows_from(y0, height) if self._header.streams else (0, self._decode_whole())
        top = y0 - self._top
        return self._band[top : top + height, x0 : x0 + width].copy()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rows_from(self, top: int, height: int) -> tuple[int, Pixels]:
        if top < self._rows.next_row:
            self._rows = PngRows(self._file, self._header, self._name)
        self._rows.skip(top - self._rows.next_row)
        return top, self._rows.take(height)

    def _decode_whole(self) -> Pixels:
        info = self._info
        self._file.seek(0)
        try:
            pixels = np.asarray(imagecodecs.png_decode(self._file.read()))
            return pixels.reshape(info.height, info.width, info.channels)
        except (RuntimeError, ValueError) as error:
            raise SourceError(f"{self._name} cannot be decoded ({error}); replace the file") from error
