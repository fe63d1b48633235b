from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from sklearn.metrics import accuracy_score, precision_recall_fscore_support, top_k_accuracy_score

from image_assets.errors import WarehouseError
from image_assets.fruits.evaluation import Evaluation, Evaluations, evaluate, evaluate_rows, publish_scores
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import append

CLASSES = ["Apple_1", "Apple_2", "Cherry", "Kiwi", "Pear", "Plum_1", "Plum_2"]


def predicted_rows(seed: int, n: int = 400) -> list[dict[str, Any]]:
    """Make predictions that are right more often than not, a third of them of the test split."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        true = str(rng.choice(CLASSES))
        scores = rng.dirichlet(np.ones(len(CLASSES))) + 0.3 * (np.array(CLASSES) == true)
        order = np.argsort(-scores)[:5]
        probabilities = scores[order] / scores.sum()
        rows.append(
            {
                "path": f"{i}.jpg",
                "fruit_class": true,
                "label": true.rstrip("_12"),
                "split": "test" if i % 3 == 0 else "training",
                "predicted_label": CLASSES[order[0]],
                "probability": float(probabilities[0]),
                "top_labels": [CLASSES[k] for k in order],
                "top_probabilities": probabilities.tolist(),
            }
        )
    return rows


ROWS = predicted_rows(seed=1)
TEST = [row for row in ROWS if row["split"] == "test"]
TRUE = [row["fruit_class"] for row in TEST]
PREDICTED = [row["predicted_label"] for row in TEST]


@pytest.fixture
def predictions(tmp_path: Path) -> Table:
    table = Warehouse.at(tmp_path).table("predictions")
    append(table, ROWS)
    return table


@pytest.fixture
def evaluations(spark: SparkSession, predictions: Table) -> Evaluations:
    return evaluate(spark.sparkContext, predictions, "fruit_class")


@pytest.fixture
def scores(evaluations: Evaluations) -> Evaluation:
    return evaluations["fruit_class"]


def test_scores_are_those_of_scikit_learn_on_the_test_split(scores: Evaluation) -> None:
    precision, recall, f1, support = precision_recall_fscore_support(TRUE, PREDICTED, labels=CLASSES)
    found = scores.confusion.scores()
    assert list(found.classes) == CLASSES
    np.testing.assert_array_equal(found.support, support)
    for values, expected in ((found.precision, precision), (found.recall, recall), (found.f1, f1)):
        np.testing.assert_allclose(values, expected)
    assert scores.confusion.accuracy == pytest.approx(accuracy_score(TRUE, PREDICTED))
    assert 0.5 < scores.confusion.accuracy < 1


def test_top_5_accuracy_counts_the_true_class_among_five(scores: Evaluation) -> None:
    ranks = np.array(
        [[5 - row["top_labels"].index(c) if c in row["top_labels"] else 0 for c in CLASSES] for row in TEST]
    )
    expected = top_k_accuracy_score(TRUE, ranks, k=5, labels=CLASSES)
    assert scores.top_5_accuracy == pytest.approx(expected)
    assert scores.top_5_accuracy == sum(row["fruit_class"] in row["top_labels"] for row in TEST) / len(TEST)


def test_calibration_compares_confidence_and_accuracy_by_bin(scores: Evaluation) -> None:
    confidence = np.array([row["probability"] for row in TEST])
    correct = np.array(TRUE) == np.array(PREDICTED)
    bins = np.clip(np.ceil(confidence * 15), 1, 15)
    gaps = [abs(confidence[bins == b].sum() - correct[bins == b].sum()) for b in np.unique(bins)]
    assert scores.reliability.expected_calibration_error == pytest.approx(sum(gaps) / len(TEST), abs=1e-6)


def test_labels_merge_varieties(evaluations: Evaluations) -> None:
    scores, by_label = evaluations["fruit_class"].confusion, evaluations["label"].confusion
    assert by_label.classes == ("Apple", "Cherry", "Kiwi", "Pear", "Plum")
    expected = accuracy_score([name.rstrip("_12") for name in TRUE], [name.rstrip("_12") for name in PREDICTED])
    assert by_label.accuracy == pytest.approx(expected)
    assert by_label.accuracy > scores.accuracy


def test_a_label_counts_once_among_the_most_probable(evaluations: Evaluations) -> None:
    ranks: list[int] = []
    for row in TEST:
        names = list(dict.fromkeys(name.rstrip("_12") for name in row["top_labels"]))
        ranks.append(names.index(row["label"]) + 1 if row["label"] in names else 0)
    assert evaluations["label"].ranks == {rank: ranks.count(rank) for rank in set(ranks)}
    assert evaluations["label"].top_5_accuracy >= evaluations["fruit_class"].top_5_accuracy


def test_the_twenty_most_confident_mistakes_are_kept(evaluations: Evaluations) -> None:
    wrong = [row for row in TEST if row["predicted_label"] != row["fruit_class"]]
    wrong.sort(key=lambda row: -np.float32(row["probability"]))
    assert len(wrong) > 20
    found = evaluations["fruit_class"].mistakes
    assert [mistake.path for mistake in found] == [row["path"] for row in wrong[:20]]
    assert (found[0].true, found[0].predicted) == (wrong[0]["fruit_class"], wrong[0]["predicted_label"])
    by_label = [row for row in wrong if row["predicted_label"].rstrip("_12") != row["label"]]
    assert [mistake.path for mistake in evaluations["label"].mistakes] == [row["path"] for row in by_label[:20]]
    assert {mistake.true for mistake in evaluations["label"].mistakes} <= {name.rstrip("_12") for name in CLASSES}


def test_parts_add_up_to_the_whole(scores: Evaluation, predictions: Table) -> None:
    batches = predictions.read().to_batches(max_chunksize=37)
    test = [batch.filter(np.array(batch["split"].to_pylist()) == "test") for batch in batches]
    parts = [evaluate_rows([batch], "fruit_class") for batch in test]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged + part
    np.testing.assert_array_equal(merged.confusion.counts, scores.confusion.counts)
    assert {k: n for k, n in merged.ranks.items() if n} == {k: n for k, n in scores.ranks.items() if n}
    assert merged.mistakes == scores.mistakes


def test_the_table_of_scores_replaces_the_one_before(evaluations: Evaluations, tmp_path: Path) -> None:
    table = Warehouse.at(tmp_path).table("evaluation")
    first = publish_scores(table, evaluations, {"dagster_run": "one"})
    second = publish_scores(table, evaluations, {"dagster_run": "two"})
    assert second == first + 1
    assert {name: found.rows for name, found in table.counts().items()} == {"fruit_class": 7, "label": 5}
    assert table.snapshot().history(1)[0]["dagster_run"] == "two"
    rows = {row["name"]: row for row in table.read(partitions=["fruit_class"]).to_pylist()}
    assert rows["Kiwi"]["support"] == TRUE.count("Kiwi")


def test_the_markdown_lists_the_weakest_class_first(scores: Evaluation) -> None:
    lines = scores.as_markdown().splitlines()[2:]
    f1 = [float(line.split("|")[5]) for line in lines]
    assert f1 == sorted(f1)
    assert len(f1) == len(CLASSES)


def test_without_predictions_or_test_pictures_the_remedy_is_named(spark: SparkSession, tmp_path: Path) -> None:
    table = Warehouse.at(tmp_path).table("predictions")
    with pytest.raises(WarehouseError, match="no predictions to evaluate: materialize predictions first"):
        evaluate(spark.sparkContext, table, "fruit_class")
    append(table, [row for row in ROWS if row["split"] == "training"])
    with pytest.raises(WarehouseError, match="no picture of the test split has a prediction: add a Test folder"):
        evaluate(spark.sparkContext, table, "fruit_class")
