import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from image_assets.errors import SourceError
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.readers import open_scene
from image_assets.tiles.scene import Access, Pixels
from image_assets_tests.tiles.counted_file import CountedFile

COLOURS = GeneratedScene(4, 301, 203, channels=3).read_window(0, 0, 301, 203)
DEEP = COLOURS.astype(np.uint16) * 199 + 7
PICTURES: dict[str, Pixels] = {
    "colours": COLOURS,
    "grey": COLOURS[..., :1],
    "grey and alpha": COLOURS[..., :2],
    "colours and alpha": np.concatenate([COLOURS, COLOURS[..., :1]], axis=2),
    "deep grey": DEEP[..., :1],
    "deep colours": DEEP,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("png")
    for name, pixels in PICTURES.items():
        (folder / f"{name}.png").write_bytes(imagecodecs.png_encode(np.ascontiguousarray(np.squeeze(pixels))))
    return {name: folder / f"{name}.png" for name in PICTURES}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(PICTURES)), st.lists(st.tuples(*[st.integers(0, 202)] * 4), min_size=1, max_size=4))
def test_windows_in_any_order_hold_the_stored_values(
    files: dict[str, Path], name: str, windows: list[tuple[int, int, int, int]]
) -> None:
    pixels, reader = PICTURES[name], open_scene(files[name])
    for left, top, right, bottom in windows:
        width, height = max(right - left, 1), max(bottom - top, 1)
        found = reader.read_window(left, top, width, height)
        assert found.dtype == pixels.dtype
        np.testing.assert_array_equal(found, pixels[top : top + height, left : left + width])


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_size_and_kind_are_known_from_the_header(files: dict[str, Path], name: str) -> None:
    info = open_scene(files[name]).describe()
    assert (info.height, info.width, info.channels) == PICTURES[name].shape
    assert (info.dtype, info.access) == (PICTURES[name].dtype, Access.WHOLE)


def test_a_large_picture_is_read_in_the_memory_of_its_bands() -> None:
    pixels = GeneratedScene(2, 4000, 6000).read_window(0, 0, 4000, 6000)
    reader = open_scene(io.BytesIO(imagecodecs.png_encode(pixels[..., 0], 1)))
    tracemalloc.start()
    for top in range(0, 6000, 500):
        np.testing.assert_array_equal(reader.read_window(0, top, 4000, 500), pixels[top : top + 500])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24e6 + 4 * 500 * 4000  # four bands and buffers; the whole picture would add 24 MB more


def test_palettes_and_single_bits_are_decoded_as_a_whole(tmp_path: Path) -> None:
    for mode in ("P", "1"):
        path = tmp_path / f"{mode}.png"
        picture = Image.fromarray(COLOURS).convert(mode)
        picture.save(path)
        expected = np.asarray(picture.convert("RGB" if mode == "P" else "L")).reshape(203, 301, -1)
        found = open_scene(path).read_window(5, 6, 200, 100)
        np.testing.assert_array_equal(found, expected[6:106, 5:205])


def interlaced(pixels: Pixels) -> bytes:
    """Return a PNG of pixels of 8 or 16 bits in the seven passes of Adam7 (PNG specification, 8.2)."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = [row for top, left, down, across in passes for row in pixels[top::down, left::across] if row.size]
    data = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in rows)
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in chunks
    )


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_interlaced_pictures_are_decoded_as_a_whole(name: str) -> None:
    pixels = PICTURES[name]
    reader = open_scene(io.BytesIO(interlaced(pixels)))
    info = reader.describe()
    assert ((info.height, info.width, info.channels), info.dtype) == (pixels.shape, pixels.dtype)
    np.testing.assert_array_equal(reader.read_window(5, 6, 200, 100), pixels[6:106, 5:205])


@pytest.mark.parametrize(("mode", "options", "channels"), [("P", {}, 3), ("P", {"transparency": 7}, 4), ("1", {}, 1)])
def test_opening_reads_no_pixel_data(mode: str, options: dict[str, int], channels: int) -> None:
    content = io.BytesIO()
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (400, 300), np.uint8))
    noise.convert(mode).save(content, "png", **options)
    file = CountedFile(content.getvalue())
    reader = open_scene(file)
    info = reader.describe()
    assert (info.height, info.width, info.channels, info.dtype) == (400, 300, channels, np.dtype(np.uint8))
    assert file.n_read < 200 < len(content.getvalue())
    assert reader.read_window(3, 4, 20, 10).shape == (10, 20, channels)


def test_what_must_be_decoded_as_a_whole_is_refused_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "palette.png"
    Image.fromarray(COLOURS).convert("P").save(path)
    with pytest.raises(SourceError, match=r"palette\.png can only be decoded as a whole"):
        open_scene(path, max_decoded_bytes=10_000)


def test_a_file_that_is_cut_short_gives_its_upper_rows_and_then_an_error(files: dict[str, Path]) -> None:
    content = files["colours"].read_bytes()
    reader = open_scene(io.BytesIO(content[: len(content) // 2]))
    np.testing.assert_array_equal(reader.read_window(0, 0, 301, 50), COLOURS[:50])
    with pytest.raises(SourceError, match="damaged or ends near row 50 of 203"):
        reader.read_window(0, 50, 301, 153)


def test_a_changed_byte_is_noticed(files: dict[str, Path]) -> None:
    content = bytearray(files["colours"].read_bytes())
    content[len(content) // 2] ^= 0xFF
    with pytest.raises(SourceError, match="damaged"):
        open_scene(io.BytesIO(bytes(content))).read_window(0, 0, 301, 203)


def test_a_header_that_makes_no_sense_is_refused() -> None:
    header = b"\0\0\0\rIHDR" + b"\0\0\0\1\0\0\0\1\x08\x09\0\0\0"  # colour type 9
    content = b"\x89PNG\r\n\x1a\n" + header + zlib.crc32(header[4:]).to_bytes(4)
    with pytest.raises(SourceError, match="no PNG header"):
        open_scene(io.BytesIO(content))
