"""Ten thousand files that nobody would call pictures, and some that are, under names that nobody would choose."""

import os
import random
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from image_assets_tests.vision.pictures import colourful, encoded
from image_assets_tests.vision.test_decode_hostile import MAGIC_NUMBERS, SAMPLES, png, tiff

STEP_BYTES = 10
SUFFIXES = (".jpg", ".png", ".bmp", ".webp", ".tif", ".gif")
LONGEST_NAME_BYTES = 255
NAMES = (
    "ünïcödé",
    "苹果 🍎",
    "e\u0301 combining",
    "right-to-left \u202e gnp",
    'it\'s "quoted" `here`',
    "100% %41 %2F %00",
    "#fragment?query=1&x=[2]",
    "new\nline and\ttab",
    "back\\slash",
    "* {glob} [a-z]",
    "$(touch owned); rm -rf ~",
    "--option",
    " leading and trailing ",
    "fruit_class=Kiwi",
    "a..b",
    "null\\N",
    "x" * (LONGEST_NAME_BYTES - 4),
    "é" * ((LONGEST_NAME_BYTES - 4) // 2),
)


@dataclass(frozen=True)
class Case:
    """A file of the folder.

    Attributes:
        name: of the file.
        content: its bytes.
        decodes: whether it must become a frame or must not; None where either is right.
    """

    name: str
    content: bytes
    decodes: bool | None = None


def hostile_cases(count: int, seed: int) -> Iterator[Case]:
    """Make so many cases, the same for the same seed."""
    chosen = random.Random(seed)
    made = 0
    for kind, content, decodes in [*_named(), *_bombs(), *_odd_but_right(), *_cut_off()]:
        yield Case(kind, content, decodes)
        made += 1
    while made < count:
        suffix = chosen.choice(SUFFIXES)
        if made % 2:
            content = chosen.choice(MAGIC_NUMBERS) + chosen.randbytes(chosen.randrange(2000))
            yield Case(f"random-{made}{suffix}", content)
        else:
            yield Case(f"flipped-{made}{suffix}", _flipped(chosen))
        made += 1


def _named() -> Iterator[tuple[str, bytes, bool]]:
    content = encoded(colourful(), "JPEG")
    for name in NAMES:
        yield f"{name}.jpg", content, True


def _bombs() -> Iterator[tuple[str, bytes, bool | None]]:
    yield "bomb-header.png", png(60_000, 60_000, zlib.compress(bytes(100_000))), False
    yield "bomb-1-bit.png", encoded(Image.new("1", (20_000, 10_000)), "PNG"), False
    yield "bomb-text.png", _png_with_text(zlib.compress(bytes(200_000_000), 9)), None
    yield "bomb-group4.tif", encoded(Image.new("1", (20_000, 10_000)), "TIFF", compression="group4"), False
    strip = zlib.compress(bytes(1_000_000))
    yield "bomb-strip.tif", tiff({256: 60_000, 257: 60_000, 259: 8, 273: 0, 278: 60_000, 279: len(strip)}, strip), False
    tile = zlib.compress(bytes(1_000_000))
    yield "bomb-tile.tif", tiff({256: 16, 257: 16, 322: 60_000, 323: 60_000, 324: 0, 325: len(tile)}, tile), False
    lossless = b"\x2f" + struct.pack("<I", (16_383 - 1) | ((16_383 - 1) << 14)) + bytes(1000)
    chunk = b"VP8L" + struct.pack("<I", len(lossless)) + lossless + bytes(len(lossless) % 2)
    yield "bomb.webp", b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk, False
    canvas = bytearray(SAMPLES["gif"])
    canvas[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield "bomb.gif", bytes(canvas), False


def _odd_but_right() -> Iterator[tuple[str, bytes, bool]]:
    for name, file_format in (("jpg", "JPEG"), ("png", "PNG"), ("bmp", "BMP"), ("webp", "WEBP"), ("tif", "TIFF")):
        yield f"one-pixel.{name}", encoded(Image.new("RGB", (1, 1), (200, 10, 10)), file_format), True
    for name, file_format in (("jpg", "JPEG"), ("png", "PNG"), ("bmp", "BMP"), ("tif", "TIFF")):
        yield f"long.{name}", encoded(Image.new("RGB", (30_000, 1), (200, 10, 10)), file_format), True
        yield f"high.{name}", encoded(Image.new("RGB", (1, 30_000), (200, 10, 10)), file_format), True
    yield "large.png", encoded(Image.new("1", (9_000, 9_000)), "PNG"), True
    frames = [Image.new("P", (8, 8), number % 256) for number in range(3000)]
    yield "frames.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), True
    pages = [Image.new("L", (8, 8), number % 256) for number in range(2000)]
    yield "pages.tif", encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]), True


def _cut_off() -> Iterator[tuple[str, bytes, None]]:
    for name, content in SAMPLES.items():
        for length in range(0, len(content), STEP_BYTES):
            yield f"cut-{name}-{length}.jpg", content[:length], None


def _flipped(chosen: random.Random) -> bytes:
    content = bytearray(chosen.choice(list(SAMPLES.values())))
    for _ in range(chosen.choice((1, 3, 12))):
        content[chosen.randrange(min(len(content), chosen.choice((40, 400, 100_000))))] = chosen.randrange(256)
    return bytes(content)


def _png_with_text(compressed: bytes) -> bytes:
    """Return a PNG whose compressed text is 200 MB."""
    whole = encoded(colourful(), "PNG")
    body = b"Comment\0\0" + compressed
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return whole[:33] + chunk + whole[33:]


def write_hostile_folder(folder: Path, count: int, seed: int) -> dict[str, bool | None]:
    """Write the cases and links that lead astray; return what each name must become.

    Names that the file system does not take are left out.
    """
    folder.mkdir(parents=True)
    expected: dict[str, bool | None] = {}
    for case in hostile_cases(count, seed):
        with suppress(OSError):
            Path(folder, case.name).write_bytes(case.content)
            expected[case.name] = case.decodes
    secret = folder.parents[1] / "secret.jpg"
    secret.write_bytes(SAMPLES["jpeg"])
    for name, target in {
        "link-out.jpg": str(secret),
        "link-up.jpg": "../../secret.jpg",
        "link-to-itself.jpg": "link-to-itself.jpg",
        "link-in-a-circle.jpg": "link-back.jpg",
        "link-back.jpg": "link-in-a-circle.jpg",
        "link-to-nowhere.jpg": "nowhere.jpg",
        "link-to-a-device.jpg": "/dev/zero",
    }.items():
        Path(folder, name).symlink_to(target)
        expected[name] = False
    Path(folder, "link-inside.jpg").symlink_to("one-pixel.jpg")
    expected["link-inside.jpg"] = True
    Path(folder, "folder-in-a-circle").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "pipe.jpg")
    expected["pipe.jpg"] = False
    return expected
