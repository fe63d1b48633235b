"""The rows of a PNG file from the top to the bottom, without holding those above.

The pixel data of a PNG are one zlib stream of rows, each filtered against the row above (PNG specification, 9.2).
Rows are inflated in small bands, and each band is undone from its filters by a PNG decoder: it gets a small picture
made of the last row of the band before, unfiltered, and the filtered rows of the band.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import imagecodecs
import numpy as np

from image_assets.errors import SourceError
from image_assets.tiles.scene import Pixels

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PALETTE = 3
_ALPHA = 4  # this bit of a colour type says that there are alpha values
_READ_BYTES = 1 << 20
_BAND_BYTES = 4 << 20


class PngHeader(NamedTuple):
    """The header chunk of a PNG (PNG specification, 11.2.2)."""

    width: int
    height: int
    bits: int
    colour: int
    compression: int
    filtering: int
    interlacing: int

    @property
    def channels(self) -> int:
        """Values per pixel as stored."""
        return _CHANNELS[self.colour]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of whole bytes per value, without its filter byte."""
        return self.width * self.channels * self.bits // 8

    @property
    def streams(self) -> bool:
        """Whether rows come one after the other as they are: no interlacing, no palette, whole bytes."""
        return not self.interlacing and self.colour != _PALETTE and self.bits >= 8

    def picture(self, rows: int, filtered: bytes) -> bytes:
        """Return a PNG of the first `rows` rows, given with their filter bytes, uncompressed."""
        header = struct.pack(">IIBBBBB", *self._replace(height=rows))
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered, 0)), (b"IEND", b""))
        return PNG_SIGNATURE + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )


def read_png_header(file: BinaryIO, name: str) -> PngHeader:
    """Return the header of a PNG file from its beginning.

    Raises:
        SourceError: The file does not begin as a PNG does.
    """
    start = file.read(33)
    if len(start) != 33 or start[:8] != PNG_SIGNATURE or start[12:16] != b"IHDR" or start[25] not in _CHANNELS:
        raise SourceError(f"{name} has no PNG header; replace the file")
    return PngHeader(*struct.unpack(">IIBBBBB", start[16:29]))


def decoded_channels(file: BinaryIO, header: PngHeader) -> int:
    """Return the channels that a PNG has once it is decoded as a whole: a palette as colours, tRNS as alpha.

    Reads the chunks before the pixel data (PNG specification, 5.6), of each the head alone.
    """
    channels = 3 if header.colour == _PALETTE else header.channels
    file.seek(len(PNG_SIGNATURE))
    while len(start := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", start)
        if kind in (b"tRNS", b"IDAT"):
            return channels + (kind == b"tRNS" and not header.colour & _ALPHA)
        file.seek(length + 4, 1)
    return channels


class PngRows:
    """Takes rows from the top to the bottom of a PNG for which `header.streams` holds.

    Holds a few bands of 4 MiB besides what it returns.

    Args:
        file: The open file, at its beginning or anywhere.
        header: Its header.
        name: Name in messages.
    """

    def __init__(self, file: BinaryIO, header: PngHeader, name: str) -> None:
        file.seek(len(PNG_SIGNATURE))
        self._header = header
        self._name = name
        self._data = _pixel_data(file, name)
        self._inflater = zlib.decompressobj()
        self._above = bytes(header.row_bytes)  # above the first row are zeros
        self.next_row = 0

    def take(self, rows: int) -> Pixels:
        """Return the next `rows` rows, shape (rows, columns, channels).

        Raises:
            SourceError: The file is damaged or ends too early.
        """
        header = self._header
        taken = np.empty((rows, header.width, header.channels), np.uint16 if header.bits == 16 else np.uint8)
        for start in self._bands(rows):
            taken[start] = self._decode(start.stop - start.start)
        return taken

    def skip(self, rows: int) -> None:
        """Pass over rows; they are inflated and forgotten.

        Raises:
            SourceError: The file is damaged or ends too early.
        """
        for start in self._bands(rows):
            self._decode(start.stop - start.start)

    def _bands(self, rows: int) -> Iterator[slice]:
        size = max(1, _BAND_BYTES // self._header.row_bytes)
        for start in range(0, rows, size):
            yield slice(start, min(start + size, rows))

    def _decode(self, rows: int) -> Pixels:
        header = self._header
        filtered = b"\0" + self._above + self._inflate(rows * (1 + header.row_bytes))
        try:
            pixels = np.asarray(imagecodecs.png_decode(header.picture(rows + 1, filtered)))
        except (RuntimeError, ValueError) as error:
            raise SourceError(f"{self._name} is damaged near row {self.next_row} ({error})") from error
        pixels = pixels.reshape(rows + 1, header.width, header.channels)[1:]
        self._above = pixels[-1].astype(pixels.dtype.newbyteorder(">")).tobytes()
        self.next_row += rows
        return pixels

    def _inflate(self, n_bytes: int) -> bytes:
        parts, missing, compressed = [], n_bytes, self._inflater.unconsumed_tail
        try:
            while missing:
                part = self._inflater.decompress(compressed, missing)
                parts.append(part)
                missing -= len(part)
                compressed = self._inflater.unconsumed_tail
                if missing and not part and not compressed:
                    compressed = next(self._data)
        except (zlib.error, StopIteration) as error:
            raise SourceError(
                f"{self._name} is damaged or ends near row {self.next_row} of {self._header.height}; replace the file"
            ) from error
        return b"".join(parts)


def _pixel_data(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the compressed pixel data in pieces, after checking each chunk's sum."""
    while len(start := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", start)
        if kind != b"IDAT":
            file.seek(length + 4, 1)
            continue
        checksum = zlib.crc32(kind)
        for piece in range(0, length, _READ_BYTES):
            wanted = min(_READ_BYTES, length - piece)
            data = file.read(wanted)
            checksum = zlib.crc32(data, checksum)
            yield data
            if len(data) < wanted:
                return
        if file.read(4) != struct.pack(">I", checksum):
            raise SourceError(f"{name} is damaged: a chunk of pixel data has a wrong checksum; replace the file")
