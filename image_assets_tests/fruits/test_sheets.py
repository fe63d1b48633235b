from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_assets.errors import SettingsError, WarehouseError
from image_assets.fruits.sheets import class_pictures, save_sheet
from image_assets_tests.assets.project import Run


def test_a_sheet_shows_the_pictures_of_a_class_without_failures(chain: Run, tmp_path: Path) -> None:
    sheet, shown = class_pictures(chain.project.table("decoded_frames"), "Cherry", 36)
    assert shown == 6
    save_sheet(sheet, tmp_path / "sub" / "cherry.png")
    pixels = np.asarray(Image.open(tmp_path / "sub" / "cherry.png")).astype(int)
    red = (pixels[..., 0] - pixels[..., 1:].max(axis=2)) > 60
    assert red.mean() > 0.05  # cherries


def test_no_more_pictures_than_wanted(chain: Run) -> None:
    _, shown = class_pictures(chain.project.table("decoded_frames"), "Apple_Red_1", 4)
    assert shown == 4


def test_a_class_without_pictures_says_what_to_do(chain: Run) -> None:
    with pytest.raises(WarehouseError, match="holds no picture of Fig: materialize decoded_frames for it first"):
        class_pictures(chain.project.table("decoded_frames"), "Fig", 4)


def test_a_suffix_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"suffix '\.txt': use one of \.png"):
        save_sheet(Image.new("RGB", (4, 4)), tmp_path / "a.txt")
