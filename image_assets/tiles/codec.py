"""Lossless bytes of one array of pixels: what the tables of tiles and the shuffle between stages hold.

Layout, little-endian: `b"TIL1"`, compression (one character), dtype kind (one character: u, i or f), bytes per value
(uint8), reserved (uint8), rows, columns, channels (three uint32), then the values. Compression `r`: the values as
they are, row-major. Compression `z`: horizontal differences (as in TIFF predictor 2, over the unsigned bit pattern),
bitshuffle, Zstandard level 1: of the combinations in `benchmarks/tile_readers.py` the smallest by far for the study's
16-bit integers, within 10 % of the smallest for photographs, at 300 to 600 MB/s and core.
"""

import struct
from typing import Literal

import imagecodecs
import numpy as np
import pyarrow as pa

from image_assets.errors import SourceError
from image_assets.tiles.scene import Pixels

Compression = Literal["zstd", "raw"]

_HEADER = struct.Struct("<4sccBBIII")
_MAGIC = b"TIL1"
_CODES: dict[Compression, bytes] = {"zstd": b"z", "raw": b"r"}
_LEVEL = 1


def encode_pixels(pixels: Pixels, compression: Compression = "zstd") -> bytes:
    """Return the bytes of an array of shape (rows, columns, channels) and of a whole or floating-point dtype.

    `zstd` is for what is stored; `raw` costs nothing and is for what is read again at once, such as an exchange.

    Raises:
        ValueError: The array has another number of axes or another kind of dtype.
    """
    return b"".join(encoded_parts(pixels, compression))


def encoded_parts(pixels: Pixels, compression: Compression = "zstd") -> tuple[bytes, bytes | memoryview]:
    """Return the same bytes in two parts, for a file: values that stay as they are need not be copied before."""
    if pixels.ndim != 3 or pixels.dtype.kind not in "uif":
        raise ValueError(
            f"expected an array of numbers of shape (rows, columns, channels), found {pixels.dtype} {pixels.shape}"
        )
    values = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    header = _HEADER.pack(_MAGIC, _CODES[compression], values.dtype.kind.encode(), values.itemsize, 0, *values.shape)
    if compression == "raw" or values.size == 0:
        return header, values.reshape(-1).view(np.uint8).data
    differences = imagecodecs.delta_encode(values.view(f"<u{values.itemsize}"), axis=1)
    shuffled = imagecodecs.bitshuffle_encode(differences)
    return header, bytes(pa.Codec("zstd", _LEVEL).compress(shuffled, asbytes=True))


def decode_pixels(payload: bytes | memoryview) -> Pixels:
    """Return the array that `encode_pixels` was given, bit for bit; it may be read-only.

    Raises:
        SourceError: The bytes are not a tile or are cut short.
    """
    if len(payload) < _HEADER.size or bytes(payload[:4]) != _MAGIC:
        raise SourceError(
            f"{len(payload)} bytes are not an encoded tile: expected them to begin with {_MAGIC!r}, "
            f"found {bytes(payload[:4])!r}; read the pixel column of a tile table"
        )
    _, code, kind, itemsize, _, rows, columns, channels = _HEADER.unpack(payload[: _HEADER.size])
    dtype = np.dtype(f"<{kind.decode()}{itemsize}")
    shape, size = (rows, columns, channels), rows * columns * channels * itemsize
    body = memoryview(payload)[_HEADER.size :]
    try:
        if code == _CODES["raw"] or size == 0:
            return np.frombuffer(body, dtype).reshape(shape)
        shuffled = pa.Codec("zstd").decompress(body, decompressed_size=size)
        values = np.frombuffer(shuffled, f"<u{itemsize}").reshape(shape)
        return np.asarray(imagecodecs.delta_decode(imagecodecs.bitshuffle_decode(values), axis=1).view(dtype))
    except (ValueError, OSError) as error:
        raise SourceError(
            f"an encoded tile of {rows} x {columns} x {channels} {dtype} is damaged ({error}); write it again"
        ) from error
