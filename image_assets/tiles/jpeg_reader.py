"""Windows of JPEG files, which are decoded as a whole: entropy coding has no entry points.

Opening one reads no further than its header. Memory at the first window: the file plus width x height x channels bytes
(194 MiB for 7,026 x 9,221 RGB; progressive files take three times that while they are decoded). A scene that is larger
than the limit belongs in a tiled TIFF, which may hold JPEG tiles.
"""

from pathlib import Path
from typing import BinaryIO

import imagecodecs
import numpy as np

from image_assets.errors import SourceError
from image_assets.tiles.scene import Access, Pixels, SceneInfo, checked_window, require_memory

_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_END_OF_IMAGE = b"\xff\xd9"
_HEADER_BYTES = 1 << 16


class JpegReader:
    """A grey or colour JPEG of 8 bits, decoded at the first window and kept; orientation tags are not applied.

    Args:
        source: A path, or a seekable binary file.
        max_decoded_bytes: Largest picture that may be decoded.

    Raises:
        SourceError: The file is no such JPEG, or its picture is larger than the limit.
    """

    def __init__(self, source: Path | BinaryIO, max_decoded_bytes: int) -> None:
        self._name = str(getattr(source, "name", source))
        self._file = source.open("rb") if isinstance(source, Path) else source
        self._pixels: Pixels | None = None
        self._frame_at = 2
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
        """Close the file and drop the picture."""
        self._file.close()
        self._pixels = None

    def _decode(self) -> Pixels:
        info = self._info
        self._file.seek(0)
        content = self._file.read()
        if content.find(_END_OF_IMAGE, self._frame_at) < 0:  # the decoder would fill the rest with grey
            raise SourceError(f"{self._name} is cut short: it has no end marker; replace the file")
        try:
            pixels = np.asarray(imagecodecs.jpeg_decode(content))
        except (RuntimeError, ValueError) as error:
            raise SourceError(f"{self._name} cannot be decoded ({error}); replace the file") from error
        return pixels.reshape(info.height, info.width, info.channels)

    def _frame_header(self) -> tuple[int, int, int, int]:
        """Return bits, height, width and channels from the frame header (ITU-T T.81, B.2.2)."""
        content, position = bytearray(), self._frame_at
        while self._reaches(content, position + 10) and content[position] == 0xFF:
            marker, length = content[position + 1], int.from_bytes(content[position + 2 : position + 4])
            if marker in _START_OF_FRAME:
                self._frame_at = position
                height = int.from_bytes(content[position + 5 : position + 7])
                width = int.from_bytes(content[position + 7 : position + 9])
                return content[position + 4], height, width, content[position + 9]
            position += 1 if marker == 0xFF else 2 + length
        raise SourceError(f"{self._name} has no JPEG frame header; replace the file")

    def _reaches(self, content: bytearray, n_bytes: int) -> bool:
        """Whether the file has so many bytes; they are read on into `content`."""
        while len(content) < n_bytes and (part := self._file.read(_HEADER_BYTES)):
            content += part
        return len(content) >= n_bytes
