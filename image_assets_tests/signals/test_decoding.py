import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_assets.signals.decoding import Pages, open_pages, read_volume
from image_assets.signals.errors import VolumeError
from image_assets_tests.shared import shared_path

GENERATOR = np.random.default_rng(0)


def saved(planes: list[Image.Image], image_format: str = "TIFF", **options: object) -> io.BytesIO:
    buffer = io.BytesIO()
    planes[0].save(buffer, image_format, save_all=len(planes) > 1, append_images=planes[1:], **options)
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
@pytest.mark.parametrize("compression", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate"])
def test_tiff_pages_come_back_as_they_were(dtype: str, compression: str) -> None:
    volume = GENERATOR.integers(0, 250, size=(3, 4, 5)).astype(dtype)
    file = saved([Image.fromarray(plane) for plane in volume], compression=compression)
    result = read_volume(file)
    assert result.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(result, volume)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_png_is_a_volume_of_one_plane(dtype: str) -> None:
    plane = (GENERATOR.integers(0, 256, size=(4, 5)) * (257 if dtype == "uint16" else 1)).astype(dtype)
    result = read_volume(saved([Image.fromarray(plane)], "PNG"))
    assert result.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(result, plane[np.newaxis])


@pytest.mark.parametrize("dtype", [">u2", "<i2", "<u4", "<i4", "<f4"])
def test_sample_types_that_pillow_holds_differently_keep_their_values(dtype: str) -> None:
    tifffile = pytest.importorskip("tifffile", reason="tifffile writes the sample types that Pillow cannot")
    samples = np.array({"u": [0, 1, 40_000], "i": [-20_000, 0, 20_000], "f": [-0.5, 0.0, 1e9]}[np.dtype(dtype).kind])
    plane = np.stack([samples, samples[::-1]]).astype(np.dtype(dtype).newbyteorder("="))
    if dtype == "<u4":
        plane[0, 2] = 4_000_000_000
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, plane, byteorder=">" if dtype[0] == ">" else "<")
    buffer.seek(0)
    result = read_volume(buffer)
    assert result.dtype == plane.dtype
    np.testing.assert_array_equal(result, plane[np.newaxis])


def test_the_zebrafish_stack_is_two_packbits_pages() -> None:
    path = shared_path("data", "zebrafish", "tif-stack", "time001.tif")
    with open_pages(path) as pages:
        assert pages.describe() == Pages(2, (76, 87), "uint8")
        assert pages.read(1, 2).shape == (1, 76, 87)


@pytest.mark.parametrize("mode", ["RGB", "P", "1", "LA", "CMYK"])
def test_pictures_that_are_no_plane_are_refused_with_the_remedy(mode: str) -> None:
    file = saved([Image.new(mode, (4, 4))])
    with pytest.raises(VolumeError, match="store one channel"):
        read_volume(file)


def test_pages_that_differ_are_refused() -> None:
    file = saved([Image.new("L", (4, 4)), Image.new("L", (5, 4))])
    with pytest.raises(VolumeError, match=r"page 1 is uint8 \(4, 5\), page 0 uint8 \(4, 4\)"):
        read_volume(file)


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"II*\x00\x08\x00\x00\x00"])
def test_bytes_that_are_no_picture_are_refused(content: bytes) -> None:
    with pytest.raises(VolumeError, match="cannot be decoded"):
        read_volume(io.BytesIO(content))


@pytest.mark.parametrize("image_format", ["TIFF", "PNG"])
def test_a_damaged_file_is_refused_wherever_it_breaks_off(image_format: str) -> None:
    plane = Image.fromarray(GENERATOR.integers(0, 255, size=(40, 40)).astype(np.uint8))
    content = saved([plane, plane] if image_format == "TIFF" else [plane], image_format).getvalue()
    for length in range(0, len(content) - 20, 37):
        with pytest.raises(VolumeError, match="cannot be decoded"):
            read_volume(io.BytesIO(content[:length]))


def test_a_missing_page_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with open_pages(saved([Image.new("L", (4, 4))])) as pages, pytest.raises(VolumeError, match="cannot be decoded"):
        pages.read(0, 2)
    with pytest.raises(VolumeError, match="FileNotFoundError"):
        read_volume(tmp_path / "absent.tif")
