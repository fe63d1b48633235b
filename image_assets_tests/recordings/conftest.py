"""Recordings in the tables of a warehouse: frames and series, written once by the stages themselves."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from image_assets.recordings.faces import SparkImages, SparkSeries, open_images, open_series
from image_assets.recordings.frames import plan_frames, read_frames
from image_assets.recordings.options import RecordingOptions
from image_assets.recordings.pixel_series import join_series, plan_series
from image_assets.signals.layouts import open_recording
from image_assets.signals.local import Images, Series
from image_assets.signals.recording import RecordingSource
from image_assets.spark.partitions import replace_partitions
from image_assets.spark.side_by_side import Outcome
from image_assets.spark.updates import Update
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.shared import REPOSITORY

NEURONS = REPOSITORY / "data" / "recordings" / "neurons"


def stage(
    spark: SparkSession,
    warehouse: Warehouse,
    table: str,
    name: str,
    plan: Callable[[str], Sequence[Any] | Update[Any]],
    produce: Callable[[Any], Any],
) -> Outcome:
    """Compute one recording of a table; raises what went wrong."""
    (outcome,) = replace_partitions(spark, warehouse.table(table), [name], plan, produce)
    if outcome.error is not None:
        raise outcome.error
    return outcome


def load(spark: SparkSession, warehouse: Warehouse, name: str, path: Path) -> None:
    """Write frames and series of a recording."""
    plan = plan_frames(spark.sparkContext, {name: path}, lambda _: RecordingOptions(), 128)
    stage(spark, warehouse, "recording_frames", name, plan, read_frames)
    stage(
        spark, warehouse, "pixel_series", name, lambda key: plan_series(open_images(spark, warehouse, key), key),
        join_series,
    )  # fmt: skip


@dataclass(frozen=True)
class Neurons:
    """The sample recording, on Spark and in this process."""

    warehouse: Warehouse
    images: SparkImages
    series: SparkSeries
    local_images: Images
    local_series: Series


@pytest.fixture(scope="session")
def neurons(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Neurons:
    warehouse = Warehouse.at(tmp_path_factory.mktemp("recordings"))
    load(spark, warehouse, "neurons", NEURONS)
    local = Images(RecordingSource(open_recording(NEURONS)))
    return Neurons(
        warehouse,
        open_images(spark, warehouse, "neurons"),
        open_series(spark, warehouse, "neurons"),
        local,
        local.toseries().compute(),
    )


def write_deviating(folder: Path) -> Path:
    """Write a recording of six frames of which one has other pixels, one another type, one is no picture at all."""
    folder.mkdir(parents=True)
    for t, size in enumerate([(5, 4), (5, 4), (6, 4), (5, 4), (5, 4)]):
        Image.fromarray(np.full(size, t, np.uint8)).save(folder / f"t{t}.png")
    Image.fromarray(np.full((5, 4), 300, np.uint16)).save(folder / "t3.png")
    shutil.copy(NEURONS / "truth.json", folder / "t5.png")
    return folder
