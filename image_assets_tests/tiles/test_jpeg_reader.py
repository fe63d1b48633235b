import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from image_assets.errors import SourceError
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.readers import open_scene
from image_assets.tiles.scene import Access
from image_assets_tests.shared import shared_path
from image_assets_tests.tiles.counted_file import CountedFile

COLOURS = GeneratedScene(4, 301, 203, channels=3).read_window(0, 0, 301, 203)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"c" * 60_000}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_windows_equal_pillow(mode: str, options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "scene.jpg"
    Image.fromarray(COLOURS).convert(mode).save(path, quality=90, **options)
    expected = np.asarray(Image.open(path)).reshape(203, 301, -1)
    reader = open_scene(path)
    info = reader.describe()
    assert (info.width, info.height, info.channels) == (301, 203, expected.shape[2])
    assert info.access is Access.WHOLE
    for left, top, width, height in ((0, 0, 301, 203), (100, 150, 201, 53), (7, 3, 1, 1)):
        found = reader.read_window(left, top, width, height)
        np.testing.assert_array_equal(found, expected[top : top + height, left : left + width])


def test_the_real_photograph_is_described_from_its_header() -> None:
    info = open_scene(shared_path("data", "scenes", "highsmith_7026x9221.jpg")).describe()
    assert (info.width, info.height, info.channels, info.dtype) == (7026, 9221, 3, np.dtype(np.uint8))


def test_a_picture_beyond_the_limit_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.fromarray(COLOURS).save(path)
    with pytest.raises(SourceError, match=r"183,309 bytes, more than the 100,000 allowed; convert it to a tiled TIFF"):
        open_scene(path, max_decoded_bytes=100_000)


def test_a_cmyk_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "print.jpg"
    Image.fromarray(COLOURS).convert("CMYK").save(path)
    with pytest.raises(SourceError, match=r"print\.jpg is a JPEG of 4 channels"):
        open_scene(path)


def test_a_file_without_a_frame_is_refused() -> None:
    with pytest.raises(SourceError, match="no JPEG frame header"):
        open_scene(io.BytesIO(b"\xff\xd8\xff\xe0" + bytes(30)))


def test_a_file_that_is_cut_short_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "short.jpg"
    content = io.BytesIO()
    Image.fromarray(COLOURS).save(content, "jpeg")
    path.write_bytes(content.getvalue()[:700])
    reader = open_scene(path)
    with pytest.raises(SourceError, match=r"short\.jpg is cut short"):
        reader.read_window(0, 0, 301, 203)


def test_opening_reads_no_further_than_the_header() -> None:
    content = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (900, 800, 3), np.uint8)
    Image.fromarray(noise).save(content, "jpeg", quality=95, comment=b"c" * 60_000)
    file = CountedFile(content.getvalue())
    reader = open_scene(file)
    assert (reader.describe().width, reader.describe().height) == (800, 900)
    assert file.n_read < 150_000 < len(content.getvalue())
    expected = np.asarray(Image.open(content))
    np.testing.assert_array_equal(reader.read_window(10, 20, 30, 40), expected[20:60, 10:40])
