import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from image_assets.report import classes
from image_assets.report.classes import TILE, contact_grid, sample_frames, view_classes
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.assets.project import CLASSES, MISFILED, Run
from image_assets_tests.fruits.tables import append


def test_a_class_is_counted_and_its_pictures_are_shown(spark: SparkSession, chain: Run) -> None:
    views = {view.fruit_class: view for view in view_classes(spark.sparkContext, chain.project.warehouse, CLASSES)}
    apple = views["Apple_Red_1"]
    assert (apple.splits, apple.rows, apple.failed) == ({"training": 7, "test": 5}, 12, 1)
    assert apple.examples[0][0] == "Training/Apple Red 1/gone.jpg"
    assert apple.label == "Apple_Red"
    sheet = Image.open(io.BytesIO(apple.sheet))
    assert sheet.size == (8 * TILE, 2 * TILE)
    assert len(apple.paths) == len(apple.predicted) == len(apple.features) == 11
    assert dict(zip(apple.paths, apple.predicted, strict=True))[MISFILED] == "Cherry"
    stored = chain.project.table("reduced_features").read(["path", "features"], ["Apple_Red_1"]).to_pylist()
    for row in stored:
        np.testing.assert_array_equal(apple.features[list(apple.paths).index(row["path"])], np.float32(row["features"]))
    assert apple.imagenet == []


def frames_of(root: Path, sizes: list[int], broken: set[int] = frozenset()) -> Table:  # type: ignore[assignment]
    """Write a table of grey frames in files of these sizes; each frame is as bright as its number."""
    table = Warehouse.at(root).table("decoded_frames")
    number = 0
    for size in sizes:
        rows = []
        for _ in range(size):
            good = number not in broken
            rows.append(
                {
                    "path": f"{number:04d}.jpg",
                    "fruit_class": "Kiwi",
                    "split": "training",
                    "frame": bytes([number % 256]) * (TILE * TILE * 3) if good else None,
                    "decode_error": None if good else "no picture",
                }
            )
            number += 1
        append(table, rows)
    return table


def test_pictures_come_from_all_parts_of_a_class(tmp_path: Path) -> None:
    frames = frames_of(tmp_path, [300, 5, 200])
    found = sample_frames(frames, "Kiwi", 20)
    numbers = sorted(int(path[:4]) for path in found)
    assert len(numbers) == 20
    assert max(np.diff(numbers)) < 130, "no row group of 128 rows is left out"
    assert all((pixels == int(path[:4]) % 256).all() for path, pixels in found.items())


def test_failures_are_not_shown_and_few_pictures_are_all_shown(tmp_path: Path) -> None:
    found = sample_frames(frames_of(tmp_path, [6], broken={0, 3}), "Kiwi", 20)
    assert sorted(found) == ["0001.jpg", "0002.jpg", "0004.jpg", "0005.jpg"]
    assert sample_frames(Warehouse.at(tmp_path).table("decoded_frames"), "Pear", 20) == {}


def test_a_grid_has_rows_of_eight() -> None:
    tiles = [np.full((TILE, TILE, 3), 20 * i, np.uint8) for i in range(10)]
    grid = np.asarray(Image.open(io.BytesIO(contact_grid(tiles))))
    assert grid.shape == (2 * TILE, 8 * TILE, 3)
    assert grid[TILE + 40, TILE + 40].tolist() == pytest.approx([180] * 3, abs=3)
    assert grid[TILE + 40, 2 * TILE + 40].tolist() == [255] * 3
    assert contact_grid([]) == b""


def test_many_classes_have_few_pictures_each(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames_of(tmp_path, [60])
    monkeypatch.setattr(classes, "MAX_PICTURES", 9)
    [view] = view_classes(spark.sparkContext, Warehouse.at(tmp_path), ["Kiwi"])
    assert len(view.paths) == 9
    assert view.predicted == [None] * 9
    assert view_classes(spark.sparkContext, Warehouse.at(tmp_path), []) == []
