"""Damaged and malicious files: each is a frame or a reason, within bounded time and memory."""

import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_assets.vision.decode import DecodedFrame, DecodeError, DecodeOptions, decode_frame
from image_assets_tests.vision.pictures import colourful, encoded

SMALL = DecodeOptions(frame_size=16, max_pixels=1_000_000)
SIXTEEN_BIT = Image.fromarray((np.arange(2400).reshape(40, 60) * 27).astype(np.uint16))
SAMPLES = {
    "jpeg": encoded(colourful(), "JPEG"),
    "progressive jpeg": encoded(colourful(), "JPEG", progressive=True),
    "cmyk jpeg": encoded(colourful().convert("CMYK"), "JPEG"),
    "png": encoded(colourful(), "PNG"),
    "palette png": encoded(colourful().quantize(32), "PNG"),
    "16-bit png": encoded(SIXTEEN_BIT, "PNG"),
    "bmp": encoded(colourful(12, 12), "BMP"),
    "webp": encoded(colourful(), "WEBP"),
    "lossless webp": encoded(colourful(), "WEBP", lossless=True),
    "animated webp": encoded(colourful(), "WEBP", save_all=True, append_images=[colourful().rotate(90)]),
    "gif": encoded(colourful().quantize(32), "GIF"),
    "animated gif": encoded(colourful().quantize(32), "GIF", save_all=True, append_images=[colourful().quantize(8)]),
    "tiff": encoded(colourful(20, 20), "TIFF"),
    "lzw tiff": encoded(colourful(), "TIFF", compression="tiff_lzw"),
    "jpeg tiff": encoded(colourful(), "TIFF", compression="jpeg"),
    "float tiff": encoded(colourful(12, 12).convert("F"), "TIFF"),
}
MAGIC_NUMBERS = (
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xdb",
    b"\x89PNG\r\n\x1a\n",
    b"BM",
    b"RIFF\0\x10\0\0WEBPVP8 ",
    b"RIFF\0\x10\0\0WEBPVP8X",
    b"RIFF\0\x10\0\0WEBPVP8L",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"II+\0\x08\0\0\0",
    b"GIF87a",
    b"GIF89a",
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]


def frame_or_reason(content: bytes) -> DecodedFrame | str:
    """Decode, letting anything but a frame or a `DecodeError` fail the test."""
    try:
        decoded = decode_frame(content, SMALL)
    except DecodeError as error:
        reason = str(error)
        assert 0 < len(reason) <= 300
        assert "0x" not in reason
        return reason
    assert decoded.frame.shape == (16, 16, 3)
    return decoded


@pytest.mark.parametrize("name", SAMPLES)
def test_cut_off_file_is_a_reason_or_the_whole_picture_never_half_of_it(name: str) -> None:
    content = SAMPLES[name]
    whole = decode_frame(content, SMALL).frame
    for length in range(0, len(content), 10):
        result = frame_or_reason(content[:length])
        assert isinstance(result, str) or np.array_equal(result.frame, whole)
    assert isinstance(frame_or_reason(content[: len(content) // 2]), str) or name.startswith("animated")


@pytest.mark.parametrize("name", SAMPLES)
def test_flipped_bytes_never_raise_anything_else(name: str) -> None:
    source = random.Random(name)
    for _ in range(60):
        content = bytearray(SAMPLES[name])
        for _ in range(source.choice((1, 3, 12))):
            content[source.randrange(min(len(content), source.choice((40, 400, 100_000))))] = source.randrange(256)
        frame_or_reason(bytes(content))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MAGIC_NUMBERS), st.binary(max_size=400))
def test_random_bytes_behind_a_magic_number_never_raise_anything_else(magic: bytes, tail: bytes) -> None:
    frame_or_reason(magic + tail)


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def tiff(tags: dict[int, int], data: bytes) -> bytes:
    """Return a grey TIFF whose tags 273 or 324 (offsets) point at the data."""
    tags = {258: 8, 259: 8, 262: 1, 277: 1, **tags}
    offset = 8 + 2 + 12 * len(tags) + 4
    entries = [
        struct.pack("<HHII", tag, 4, 1, offset if tag in {273, 324} else value) for tag, value in sorted(tags.items())
    ]
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + b"".join(entries) + b"\0\0\0\0" + data


@pytest.mark.parametrize(
    "content",
    [
        png(1001, 1000, zlib.compress(b"")),
        encoded(Image.new("1", (5000, 5000)), "PNG"),
        encoded(Image.new("1", (5000, 5000)), "TIFF", compression="group4"),
        encoded(Image.new("L", (1200, 1200)), "WEBP"),
        encoded(Image.new("P", (1200, 1200)), "GIF"),
    ],
    ids=["png", "1-bit png", "g4 tiff", "webp", "gif"],
)
def test_decompression_bomb_is_refused_by_its_size(content: bytes) -> None:
    assert "exceed the limit of 1000000 (max_pixels)" in str(frame_or_reason(content))


def test_size_between_the_thresholds_of_pillow_is_refused_even_where_warnings_are_errors(tmp_path: Path) -> None:
    picture = tmp_path / "100_megapixels.png"
    picture.write_bytes(png(10_000, 10_000, b""))
    program = (
        "import pathlib, sys; from image_assets.vision.decode import decode_frame; "
        "decode_frame(pathlib.Path(sys.argv[1]).read_bytes())"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", program, picture],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "DecodeError: 10000 x 10000 pixels exceed the limit of 89478485 (max_pixels)" in run.stderr


def test_size_that_pillow_refuses_itself_is_a_reason() -> None:
    assert "exceeds limit of 178956970 pixels" in str(frame_or_reason(png(100_000, 100_000, b"")))


def test_small_tiff_in_a_giant_tile_is_refused() -> None:
    data = zlib.compress(bytes(2000 * 2000))
    content = tiff({256: 16, 257: 16, 322: 2000, 323: 2000, 324: 0, 325: len(data)}, data)
    assert frame_or_reason(content) == "a TIFF tile of 2000 x 2000 pixels exceeds the limit of 1000000"
    fitting = zlib.compress(bytes([77]) * 32 * 32)
    tiled = frame_or_reason(tiff({256: 16, 257: 16, 322: 32, 323: 32, 324: 0, 325: len(fitting)}, fitting))
    assert isinstance(tiled, DecodedFrame)
    assert (tiled.frame == 77).all()


def test_jpeg_of_a_thousand_scans_is_refused() -> None:
    content = SAMPLES["progressive jpeg"]
    last_scan = content[content.rfind(b"\xff\xda") : -2]
    assert frame_or_reason(content[:-2] + last_scan * 1000 + b"\xff\xd9") == "a JPEG of more than 100 scans"


def test_reasons_are_the_same_in_every_run() -> None:
    contents = [content[: len(content) // 2] for content in SAMPLES.values()] + [b"RIFF\0\x10\0\0WEBPVP8 rubbish"]
    first, second = ([frame_or_reason(content) for content in contents] for _ in range(2))
    reasons = [result for result in first if isinstance(result, str)]
    assert reasons == [result for result in second if isinstance(result, str)]
    assert len(reasons) >= len(SAMPLES) - 2
