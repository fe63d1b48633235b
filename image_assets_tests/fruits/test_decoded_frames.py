from pathlib import Path

import numpy as np
import pytest

from image_assets.fruits.decoded_frames import SHEET_FRAMES, class_sheet, frame_pixels
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import append


@pytest.fixture
def frames(tmp_path: Path) -> Table:
    table = Warehouse.at(tmp_path).table("decoded_frames")
    red = np.full((8, 8, 3), (200, 0, 0), np.uint8).tobytes()
    append(table, [{"path": f"{i}.jpg", "fruit_class": "Kiwi", "frame": red if i else None} for i in range(30)])
    append(table, [{"path": "x.jpg", "fruit_class": "Pear", "frame": None, "decode_error": "torn"}])
    return table


def test_bytes_of_a_frame_are_its_pixels() -> None:
    pixels = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 3)
    np.testing.assert_array_equal(frame_pixels(pixels.tobytes()), pixels)


def test_a_sheet_shows_the_first_frames_and_leaves_failures_out(frames: Table) -> None:
    sheet = class_sheet(frames, "Kiwi")
    assert sheet is not None
    pixels = np.asarray(sheet.convert("RGB")).astype(int)
    red = (pixels[..., 0] > 150) & (pixels[..., 1] < 60)
    assert red.sum() == pytest.approx(SHEET_FRAMES * 128 * 128, rel=0.05)


@pytest.mark.parametrize("name", ["Pear", "Fig"])
def test_a_class_without_frames_has_no_sheet(frames: Table, name: str) -> None:
    assert class_sheet(frames, name) is None
