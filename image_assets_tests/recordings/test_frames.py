from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from image_assets.errors import SourceError, WarehouseError
from image_assets.recordings import frames
from image_assets.recordings.faces import open_images, open_series
from image_assets.recordings.frames import plan_frames, read_frames
from image_assets.recordings.index import recording_index
from image_assets.recordings.options import RecordingOptions
from image_assets.recordings.soundness import frame_problems, series_problems
from image_assets.signals.layouts import open_recording
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.recordings.conftest import NEURONS, Neurons, load, stage, write_deviating


def test_frames_hold_the_samples_in_order_of_time(neurons: Neurons) -> None:
    rows = neurons.warehouse.table("recording_frames").read().to_pylist()
    rows.sort(key=lambda row: row["t"])
    assert [row["source"] for row in rows[:2]] == ["time000.tif", "time001.tif"]
    assert {(tuple(row["shape"]), row["dtype"], row["read_error"]) for row in rows} == {((2, 28, 36), "uint8", None)}
    volumes = np.stack([np.frombuffer(row["volume"], np.uint8).reshape(row["shape"]) for row in rows])
    np.testing.assert_array_equal(volumes, open_recording(NEURONS).volumes(0, 60))


def test_series_hold_a_value_per_frame_by_voxel(neurons: Neurons) -> None:
    rows = neurons.warehouse.table("pixel_series").read().to_pylist()
    volumes = open_recording(NEURONS).volumes(0, 60)
    assert len(rows) == 2 * 28 * 36
    assert {(row["recording"], row["dtype"]) for row in rows} == {("neurons", "uint8")}
    for row in rows[::97]:
        assert row["series"] == volumes[:, row["z"], row["y"], row["x"]].tolist()
    assert frame_problems(neurons.warehouse, "neurons") == []
    assert series_problems(neurons.warehouse, "neurons") == []
    assert series_problems(neurons.warehouse, "fly") != []


def test_a_deviating_file_is_a_row_with_a_reason_and_blocks_the_series(spark: SparkSession, tmp_path: Path) -> None:
    warehouse = Warehouse.at(tmp_path / "warehouse")
    folder = write_deviating(tmp_path / "source" / "odd")
    with pytest.raises(WarehouseError, match=r"'odd' has frames that cannot be used: t2\.png: is uint8") as caught:
        load(spark, warehouse, "odd", folder)
    assert "(1, 6, 4); the other frames are uint8 (1, 5, 4)" in str(caught.value)
    assert "t3.png: is uint16" in str(caught.value)
    rows = {row["t"]: row for row in warehouse.table("recording_frames").read().to_pylist()}
    assert {t: row["read_error"] is None for t, row in rows.items()} == {
        0: True, 1: True, 2: False, 3: False, 4: True, 5: False,
    }  # fmt: skip
    assert all((row["volume"] is None) == (row["read_error"] is not None) for row in rows.values())
    assert "cannot be decoded" in rows[5]["read_error"]
    assert len(frame_problems(warehouse, "odd")) == 3
    assert not warehouse.table("pixel_series").exists()


def test_frames_that_are_missing_or_double_are_found(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MIN_TASK_BYTES", 1)
    warehouse = Warehouse.at(tmp_path)
    plan = plan_frames(spark.sparkContext, {"neurons": NEURONS}, lambda _: RecordingOptions(), 128)
    tasks = plan("neurons")
    stage(spark, warehouse, "recording_frames", "neurons", lambda _: tasks[:1] + tasks[2:] + tasks[-1:], read_frames)
    (problem,) = recording_index(warehouse.table("recording_frames"), "neurons").problems
    assert problem.startswith("time points are missing or double (60 rows, missing [15, 16, 17, 18, 19])")
    with pytest.raises(WarehouseError, match="missing or double"):
        open_images(spark, warehouse, "neurons")


def test_every_layout_of_a_recording_gives_the_same_series(spark: SparkSession, tmp_path: Path) -> None:
    volumes = np.random.default_rng(3).normal(size=(9, 2, 5, 4)).astype(np.float32)
    volumes[3, 1, 2, 2] = np.nan
    np.save(tmp_path / "fly.npy", volumes)
    warehouse = Warehouse.at(tmp_path / "warehouse")
    load(spark, warehouse, "fly", tmp_path / "fly.npy")
    found = open_series(spark, warehouse, "fly").toarray()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.moveaxis(volumes, 0, -1))


def test_a_recording_that_vanished_from_the_source_is_named(spark: SparkSession) -> None:
    plan = plan_frames(spark.sparkContext, {}, lambda _: RecordingOptions(), 128)
    with pytest.raises(SourceError, match="has no 'fly' any more"):
        plan("fly")
