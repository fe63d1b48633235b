import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from image_assets.errors import SourceError
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.readers import open_scene
from image_assets.tiles.scene import Access, Pixels
from image_assets.tiles.tiff_reader import TiffReader

COLOURS = GeneratedScene(4, 301, 203, channels=3).read_window(0, 0, 301, 203)
GREY = COLOURS[..., 0]
STUDY = GeneratedScene(4, 301, 203, channels=4, dtype="int16").read_window(0, 0, 301, 203)
CONTIG = {"photometric": "minisblack", "planarconfig": "contig"}

LAYOUTS: dict[str, tuple[Pixels, dict[str, Any], Access]] = {
    "tiled deflate": (COLOURS, {"tile": (64, 32), "compression": "adobe_deflate", "predictor": True}, Access.WINDOWS),
    "tiled uncompressed": (COLOURS, {"tile": (64, 64)}, Access.WINDOWS),
    "tiled zstd bigtiff": (GREY, {"tile": (128, 128), "compression": "zstd", "bigtiff": True}, Access.WINDOWS),
    "strips lzw": (COLOURS, {"rowsperstrip": 7, "compression": "lzw", "predictor": True}, Access.ROWS),
    "strips uncompressed": (COLOURS, {"rowsperstrip": 10}, Access.WINDOWS),
    "one strip uncompressed": (GREY, {}, Access.WINDOWS),
    "one strip compressed": (GREY, {"rowsperstrip": 203, "compression": "packbits"}, Access.WHOLE),
    "big endian": (STUDY, {"byteorder": ">", **CONTIG}, Access.WINDOWS),
    "big endian tiled": (STUDY, {"byteorder": ">", "tile": (32, 32), "compression": "zlib", **CONTIG}, Access.WINDOWS),
    "study": (STUDY, {"tile": (64, 64), "compression": "zstd", "predictor": True, **CONTIG}, Access.WINDOWS),
    "float": (GREY * np.float32(0.3), {"tile": (64, 64), "compression": "zlib", "predictor": True}, Access.WINDOWS),
    "planes": (COLOURS, {"tile": (64, 64), "compression": "zlib", "planarconfig": "separate"}, Access.WINDOWS),
    "planes uncompressed": (COLOURS, {"planarconfig": "separate"}, Access.WINDOWS),
    "planes in strips": (COLOURS, {"rowsperstrip": 9, "compression": "zlib", "planarconfig": "separate"}, Access.ROWS),
}


def write(path: Path, pixels: Pixels, **options: Any) -> Path:
    options = {"photometric": "rgb" if pixels.ndim == 3 else "minisblack", **options}
    separate = options.get("planarconfig") == "separate"
    tifffile.imwrite(path, np.moveaxis(pixels, 2, 0) if separate else pixels, metadata=None, **options)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tiff")
    return {name: write(folder / f"{name}.tif", pixels, **options) for name, (pixels, options, _) in LAYOUTS.items()}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(LAYOUTS)), st.integers(0, 300), st.integers(0, 202), st.data())
def test_every_window_of_every_layout_holds_the_stored_values(
    files: dict[str, Path], layout: str, left: int, top: int, data: st.DataObject
) -> None:
    width, height = data.draw(st.integers(1, 301 - left)), data.draw(st.integers(1, 203 - top))
    pixels = LAYOUTS[layout][0].reshape(203, 301, -1)
    found = open_scene(files[layout]).read_window(left, top, width, height)
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels[top : top + height, left : left + width])


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_size_kind_and_access_are_known_without_decoding(files: dict[str, Path], layout: str) -> None:
    pixels, _, access = LAYOUTS[layout]
    info = open_scene(files[layout]).describe()
    assert (info.width, info.height, info.channels) == (301, 203, 1 if pixels.ndim == 2 else pixels.shape[2])
    assert (info.dtype, info.access) == (pixels.dtype, access)


class CountingFile(io.FileIO):
    """A file that counts the bytes read from it."""

    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        self.bytes_read += len(data or b"")
        return data or b""


@pytest.mark.parametrize("layout", ["tiled deflate", "tiled uncompressed", "one strip uncompressed"])
def test_a_small_window_reads_a_small_part_of_the_file(files: dict[str, Path], layout: str) -> None:
    with CountingFile(files[layout]) as file:
        reader = TiffReader(file, 1 << 30)
        before = file.bytes_read
        window = reader.read_window(70, 70, 20, 20)
        assert file.bytes_read - before < 0.1 * files[layout].stat().st_size
    np.testing.assert_array_equal(window, LAYOUTS[layout][0].reshape(203, 301, -1)[70:90, 70:90])


def test_bands_from_the_top_read_each_strip_once(files: dict[str, Path]) -> None:
    with CountingFile(files["strips lzw"]) as file:
        reader = TiffReader(file, 1 << 30)
        before = file.bytes_read
        for top in range(0, 203, 10):
            reader.read_window(0, top, 301, min(10, 203 - top))
        with tifffile.TiffFile(files["strips lzw"]) as parsed:
            stored = sum(parsed.pages.first.databytecounts)
        assert file.bytes_read - before == stored


def test_jpeg_tiles_become_colours_as_pillow_decodes_them(tmp_path: Path) -> None:
    path = write(tmp_path / "jpeg.tif", COLOURS, tile=(64, 64), compression="jpeg", compressionargs={"level": 95})
    expected = np.asarray(Image.open(path).convert("RGB"), dtype=np.int16)
    found = open_scene(path).read_window(0, 0, 301, 203).astype(np.int16)
    assert np.abs(found - expected).max() <= 4  # another chroma upsampling


def test_a_file_like_object_is_read_as_a_file_is(files: dict[str, Path]) -> None:
    with io.BytesIO(files["study"].read_bytes()) as file:
        np.testing.assert_array_equal(open_scene(file).read_window(10, 20, 100, 50), STUDY[20:70, 10:110])


def test_tiles_that_a_sparse_file_leaves_out_are_zero(tmp_path: Path) -> None:
    path = tmp_path / "sparse.tif"
    tiles = [np.full((64, 64), 9, np.uint8), None, None, np.full((64, 64), 5, np.uint8)]
    tifffile.imwrite(path, iter(tiles), shape=(128, 128), dtype=np.uint8, tile=(64, 64), compression="zlib")
    found = open_scene(path).read_window(0, 0, 128, 128)[..., 0]
    assert [found[0, 0], found[0, 127], found[127, 0], found[127, 127]] == [9, 0, 0, 5]


def test_the_first_level_of_a_pyramid_is_the_scene(tmp_path: Path) -> None:
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(GREY, tile=(64, 64), metadata=None)
        writer.write(np.ascontiguousarray(GREY[::2, ::2]), tile=(64, 64), subfiletype=1, metadata=None)
    reader = open_scene(path)
    assert (reader.describe().width, reader.describe().height) == (301, 203)


def test_a_stack_of_pages_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros((5, 30, 40), np.uint8), photometric="minisblack")
    with pytest.raises(SourceError, match="is a stack of 5 pages"):
        open_scene(path)


def test_a_strip_larger_than_the_limit_is_refused_with_the_remedy(files: dict[str, Path]) -> None:
    with pytest.raises(SourceError, match=r"61,103 bytes, more than the 60,000 allowed; convert it to a tiled TIFF"):
        open_scene(files["one strip compressed"], max_decoded_bytes=60_000)


@pytest.mark.parametrize("layout", ["tiled deflate", "one strip uncompressed"])
def test_a_file_that_is_cut_short_is_refused_by_name(files: dict[str, Path], layout: str, tmp_path: Path) -> None:
    content = files[layout].read_bytes()
    path = tmp_path / "short.tif"
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(SourceError, match=r"short\.tif"):
        open_scene(path).read_window(0, 0, 301, 203)


def test_a_bilevel_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bilevel.tif"
    Image.new("1", (40, 30)).save(path)
    with pytest.raises(SourceError, match="holds bool"):
        open_scene(path)
