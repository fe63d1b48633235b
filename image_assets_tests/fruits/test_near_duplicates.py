from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from sklearn.metrics.pairwise import cosine_distances

from image_assets.errors import IncompatibleArtifactError
from image_assets.fruits import near_duplicates
from image_assets.fruits.near_duplicates import (
    DuplicateCounts,
    closest_pairs,
    count_duplicates,
    exact_pairs,
    find_duplicates,
)
from image_assets.spark.stages import plan_fragments
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import BACKBONE, append, feature_rows

RNG = np.random.default_rng(5)
TRAINING = {name: RNG.random((40, 32)) ** 4 for name in ("Kiwi", "Pear")}
TEST = {
    # Some test rows are training rows with a little noise; the others are unlike all.
    "Kiwi": np.concatenate([TRAINING["Kiwi"][:3] + 0.01 * RNG.random((3, 32)), RNG.random((7, 32)) ** 4]),
    "Pear": np.concatenate([TRAINING["Kiwi"][5:6] * 2.0, RNG.random((5, 32)) ** 4]),
}


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for split, features in (("training", TRAINING), ("test", TEST)):
        for name, matrix in features.items():
            found += feature_rows(name, matrix, split, backbone=BACKBONE)
    for number, row in enumerate(found):
        row["content_sha256"] = f"{number:064x}"
    return found


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse.at(tmp_path)


def found_in(spark: SparkSession, warehouse: Warehouse, made_up: list[dict[str, Any]], distance: float = 0.01) -> Table:
    features, target = warehouse.table("cnn_features"), warehouse.table("near_duplicates")
    append(features, made_up)
    find_duplicates(spark.sparkContext, features, target, distance)
    return target


def test_near_pairs_are_those_of_brute_force(spark: SparkSession, warehouse: Warehouse) -> None:
    made_up = rows()
    table = found_in(spark, warehouse, made_up, distance=0.5)
    training = [row for row in made_up if row["split"] == "training"]
    test = [row for row in made_up if row["split"] == "test"]
    distances = cosine_distances([row["features"] for row in test], [row["features"] for row in training])
    expected = {}
    for row, near in zip(test, distances, strict=True):
        for rank, place in enumerate(np.argsort(near)[:3], 1):
            if near[place] < 0.5:
                expected[row["path"], training[place]["path"], rank] = near[place]
    found = {(row["path"], row["other_path"], row["rank"]): row["distance"] for row in table.read().to_pylist()}
    assert len(expected) > 4
    assert found == pytest.approx(expected, abs=1e-6)
    assert {row["kind"] for row in table.read().to_pylist()} == {"near"}


def test_blocks_of_rows_do_not_change_the_result(
    spark: SparkSession, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found_in(spark, warehouse, rows(), distance=0.5).read().to_pylist()
    features = warehouse.table("cnn_features")
    fragments = plan_fragments(spark.sparkContext, features)
    sizes = [block.num_rows for block in near_duplicates._blocks(features, fragments, "training", 7)]
    assert max(sizes) == 7
    assert sum(sizes) == 80
    monkeypatch.setattr(near_duplicates, "MAX_BLOCK_ROWS", 7)
    cut = found_in(spark, Warehouse.at(tmp_path / "cut"), rows(), distance=0.5).read().to_pylist()

    def key(row: dict[str, Any]) -> tuple[str, int]:
        return row["path"], row["rank"]

    assert sorted(cut, key=key) == sorted(whole, key=key)


def test_counts_and_closest_pairs(spark: SparkSession, warehouse: Warehouse) -> None:
    made_up = rows()
    # The first test kiwi is the very file of a training kiwi; two training pears are one file.
    by_path = {row["path"]: row for row in made_up}
    by_path["test/Kiwi/0.jpg"]["content_sha256"] = by_path["training/Kiwi/0.jpg"]["content_sha256"]
    by_path["training/Pear/9.jpg"]["content_sha256"] = by_path["training/Kiwi/8.jpg"]["content_sha256"]
    table = found_in(spark, warehouse, made_up)
    # Kiwi 0 is an exact pair and no near one; kiwis 1 and 2 and the scaled kiwi among the pears are near.
    assert count_duplicates(table) == DuplicateCounts(exact=2, exact_leaks=1, near=3, near_leaks=3, conflicts=1)
    pairs = [(row["kind"], row["path"], row["other_path"]) for row in closest_pairs(table, 3)]
    assert pairs == [
        ("exact", "test/Kiwi/0.jpg", "training/Kiwi/0.jpg"),
        ("exact", "training/Pear/9.jpg", "training/Kiwi/8.jpg"),
        ("near", "test/Pear/0.jpg", "training/Kiwi/5.jpg"),
    ]


def test_a_second_search_replaces_the_first(spark: SparkSession, warehouse: Warehouse) -> None:
    table = found_in(spark, warehouse, rows())
    assert count_duplicates(table).near == 4
    find_duplicates(spark.sparkContext, warehouse.table("cnn_features"), table, 1e-9)
    assert count_duplicates(table) == DuplicateCounts(near=1, near_leaks=1)  # twice the features: the same direction


def test_features_of_two_backbones_are_refused(spark: SparkSession, warehouse: Warehouse) -> None:
    made_up = rows()
    made_up[0]["backbone"] = "resnet50/pooled/ffffffffffff"
    with pytest.raises(IncompatibleArtifactError, match="mixes rows of 2 values of 'backbone'"):
        found_in(spark, warehouse, made_up)


def test_files_of_one_digest_are_paired_with_the_training_file() -> None:
    digest = "0" * 64
    group = [("b", "Pear", "test", digest), ("c", "Pear", "training", digest), ("a", "Kiwi", "test", digest)]
    batch = exact_pairs(group)
    assert batch is not None
    assert [(row["path"], row["other_path"]) for row in batch.to_pylist()] == [("a", "c"), ("b", "c")]
    assert exact_pairs(group[:1]) is None
