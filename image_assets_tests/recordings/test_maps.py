import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from image_assets.recordings import maps
from image_assets.recordings.features import compute_features, plan_features
from image_assets.recordings.index import RecordingIndex, recording_index
from image_assets.recordings.options import RecordingOptions
from image_assets_tests.recordings.conftest import Neurons, stage


def test_large_volumes_are_drawn_in_part() -> None:
    assert maps.Drawn.of((2, 28, 36)) == maps.Drawn((2, 28, 36), 1)
    assert maps.Drawn.of((40, 2048, 1500)) == maps.Drawn((8, 1024, 750), 2)


def test_values_come_back_as_volumes(spark: SparkSession, neurons: Neurons, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(
        spark, neurons.warehouse, "series_features", "neurons",
        lambda name: plan_features(neurons.series, name, RecordingOptions()), compute_features,
    )  # fmt: skip
    table = neurons.warehouse.table("series_features")
    index = recording_index(neurons.warehouse.table("recording_frames"), "neurons")
    monkeypatch.setattr(maps, "MAX_SIDE", 12)
    mean, phase = maps.drawn_values(spark.sparkContext, table, index, ["mean", "phase"])
    np.testing.assert_array_equal(mean, neurons.local_series.voxel_mean().toarray()[:, ::3, ::3])
    assert mean.shape == (2, 10, 12)
    assert np.isnan(phase).all()  # without a period there is none


def test_a_picture_is_a_file_below_the_warehouse(neurons: Neurons) -> None:
    figure = maps.covariance_picture(np.eye(30))
    location = maps.write_picture(neurons.warehouse, "cluster_map", "a fly", figure)
    path = Path(location.path)
    assert path.relative_to(neurons.warehouse.root.path).parts == ("_pictures", "recording=a%20fly", "cluster_map.png")
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert image.format == "PNG"
        assert min(image.size) > 300


def test_the_index_knows_what_it_needs_for_a_picture() -> None:
    index = RecordingIndex("fly", 3, (1, 2, 2), "uint8", ())
    assert index.usable() is index
