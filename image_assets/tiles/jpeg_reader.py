"""Windows of JPEG files, which are decoded as a whole: entropy coding has no entry points.

Memory: the file plus width x height x channels bytes (194 MiB for 7,026 x 9,221 RGB; progressive files take three
times that while they are decoded). A scene that is larger than the limit belongs in a tiled TIFF, which may hold JPEG
tiles.
"""

from pathlib import Path
from typing import BinaryIO

import imagecodecs
import numpy as np

from image_assets.errors import SourceError
from image_assets.tiles.scene import Access, Pixels, SceneInfo, checked_window, require_memory

_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_END_OF_IMAGE = b"\xff\xd9"


class JpegReader:
    """A grey or colour JPEG of 8 bits, decoded at the first window and kept; orientation tags are not applied.

    Args:
        source: A path, or a binary file.
        max_decoded_bytes: Largest picture that may be decoded.

    Raises:
        SourceError: The file is no such JPEG, or its picture is larger than the limit.
    """

    def __init__(self, source: Path | BinaryIO, max_decoded_bytes: int) -> None:
        self._name = str(getattr(source, "name", source))
        self._content = source.read_bytes() if isinstance(source, Path) else source.read()
        self._pixels: Pixels | None = None
        bits, height, width, channels = self._frame_header()
        if bits != 8 or channels not in (1, 3) or height == 0:
            raise SourceError(
                f"{self._name} is a JPEG of {channels} channels, {bits} bits and {height} rows; expected 1 or 3 "
                f"channels of 8 bits: convert it"
            )
        require_memory(self._name, width * height * channels, max_decoded_bytes)
        self._info = SceneInfo(width, height, channels, np.dtype(np.uint8), Access.WHOLE)

    def describe(self) -> SceneInfo:
        """Return size and kind."""
        return self._info

    def read_window(self, x0: int, y0: int, width: int, height: int) -> Pixels:
        """Return the pixels of a window, shape (height, width, channels).

        Raises:
            SourceError: The window is not within the scene, or the file is damaged.
        """
        checked_window(self._info, x0, y0, width, height)
        if self._pixels is None:
            self._pixels = self._decode()
        return self._pixels[y0 : y0 + height, x0 : x0 + width].copy()

    def close(self) -> None:
        """Drop the file and the picture."""
        self._content, self._pixels = b"", None

    def _decode(self) -> Pixels:
        info = self._info
        try:
            pixels = np.asarray(imagecodecs.jpeg_decode(self._content))
        except (RuntimeError, ValueError) as error:
            raise SourceError(f"{self._name} cannot be decoded ({error}); replace the file") from error
        self._content = b""
        return pixels.reshape(info.height, info.width, info.channels)

    def _frame_header(self) -> tuple[int, int, int, int]:
        """Return bits, height, width and channels from the frame header (ITU-T T.81, B.2.2)."""
        content, position = self._content, 2
        while position + 10 <= len(content):
            marker, length = content[position + 1], int.from_bytes(content[position + 2 : position + 4])
            if content[position] != 0xFF:
                break
            if marker == 0xFF:
                position += 1
            elif marker in _START_OF_FRAME:
                if content.find(_END_OF_IMAGE, position) < 0:  # the decoder would fill the rest with grey
                    raise SourceError(f"{self._name} is cut short: it has no end marker; replace the file")
                height = int.from_bytes(content[position + 5 : position + 7])
                width = int.from_bytes(content[position + 7 : position + 9])
                return content[position + 4], height, width, content[position + 9]
            else:
                position += 2 + length
        raise SourceError(f"{self._name} has no JPEG frame header; replace the file")
