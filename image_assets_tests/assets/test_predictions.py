import json
from collections import Counter

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from image_assets_tests.assets.project import CLASSES, MISFILED, ROWS, Project, Run


def test_each_row_has_the_most_probable_classes_best_first(chain: Run) -> None:
    rows = chain.project.table("predictions").read().to_pylist()
    assert Counter(row["fruit_class"] for row in rows) == {name: n - 1 for name, n in ROWS.items()}
    for row in rows:
        assert sorted(row["top_labels"]) == CLASSES  # fewer than five are known
        assert row["top_probabilities"] == sorted(row["top_probabilities"], reverse=True)
        assert sum(row["top_probabilities"]) == pytest.approx(1, abs=1e-5)
        assert (row["predicted_label"], row["probability"]) == (row["top_labels"][0], row["top_probabilities"][0])


def test_only_the_misfiled_picture_is_predicted_wrong(chain: Run) -> None:
    rows = chain.project.table("predictions").read(["path", "fruit_class", "predicted_label"]).to_pylist()
    wrong = {row["path"]: row["predicted_label"] for row in rows if row["predicted_label"] != row["fruit_class"]}
    assert wrong == {MISFILED: "Cherry"}


def test_the_classifier_is_stored_without_pickle_and_names_its_projection(chain: Run) -> None:
    store = chain.project.warehouse.artifacts
    digest, artifact = store.latest("classifier", "fruit_classifier")
    metadata = chain.metadata("fruit_classifier")[None]
    projection = chain.metadata("reduced_features")["Cherry"]["configuration"]["projection"]
    assert (metadata["digest"], metadata["n_classes"], metadata["projection"]) == (digest, 3, projection)
    assert (artifact.metadata["projection"], artifact.metadata["classes"]) == (projection, CLASSES)
    with np.load(f"{store.root.path}/classifier/{digest}.npz", allow_pickle=False) as stored:
        assert json.loads(stored["metadata_json"].tobytes())["target"] == "fruit_class"
        assert all(stored[name].dtype.kind in "fiu" for name in stored.files)


def test_features_of_another_projection_are_refused(project: Project, chain: Run) -> None:
    fitted = chain.metadata("fruit_classifier")[None]["projection"]
    project.run("feature_projection", n_components=3)
    reduced = project.run("reduced_features", classes=CLASSES).metadata("reduced_features")
    found = reduced["Cherry"]["configuration"]["projection"]
    run = project.run("predictions", classes=CLASSES)
    assert not run.result.success
    assert (
        f": the classifier was fitted on features of {fitted}, and these are of {found}: "
        "materialize fruit_classifier again"
    ) in run.failure
    assert project.materialized("predictions") == set()
    project.run("fruit_classifier", classifier="linear_discriminant")
    assert project.run("predictions", classes=CLASSES).result.success


def test_a_classifier_of_mixed_projections_is_refused(project: Project) -> None:
    project.run("feature_projection", n_components=3)
    project.run("reduced_features", classes=["Cherry"])
    run = project.run("fruit_classifier")
    assert "mixes rows of 2 values of 'projection' (pca-14/" in run.failure
    assert "materialize reduced_features for all classes" in run.failure


def test_the_evaluation_is_what_counting_the_predictions_gives(chain: Run) -> None:
    rows = chain.project.table("predictions").read().to_pylist()
    rows = [row for row in rows if row["split"] == "test"]
    true, predicted = [row["fruit_class"] for row in rows], [row["predicted_label"] for row in rows]
    precision, recall, f1, support = precision_recall_fscore_support(true, predicted, labels=CLASSES, zero_division=0)
    scores = chain.project.table("evaluation").read(partitions=["fruit_class"]).sort_by("name")
    assert scores["name"].to_pylist() == CLASSES
    assert scores["support"].to_pylist() == support.tolist() == [5, 3, 2]
    for name, expected in {"precision": precision, "recall": recall, "f1": f1}.items():
        np.testing.assert_allclose(scores[name].to_numpy(), expected)

    metadata = chain.metadata("evaluation")[None]
    assert (metadata["test_pictures"], metadata["accuracy"]) == (10, 0.9)
    assert metadata["macro_f1"] == pytest.approx(f1.mean())
    assert metadata["top_5_accuracy"] == 1.0
    assert metadata["target"] == "fruit_class"


def test_the_evaluation_counts_labels_too(chain: Run) -> None:
    scores = chain.project.table("evaluation").read(partitions=["label"]).sort_by("name").to_pylist()
    assert [(row["name"], row["support"], row["recall"]) for row in scores] == [
        ("Apple_Red", 8, 7 / 8),
        ("Cherry", 2, 1.0),
    ]
    assert scores[1]["precision"] == pytest.approx(2 / 3)
    assert chain.metadata("evaluation")[None]["label_accuracy"] == 0.9


def test_the_evaluation_shows_the_weakest_class_first_and_a_picture(chain: Run) -> None:
    metadata = chain.metadata("evaluation")[None]
    lines = metadata["per_class"].splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["Cherry", "Apple_Red_1", "Apple_Red_2"]
    assert lines[2] == "| Cherry | 2 | 0.667 | 1.000 | 0.800 |"
    assert metadata["confusion"].startswith("![confusion matrix](data:image/png;base64,iVBOR")


def test_labels_and_a_discriminant_are_settings(project: Project) -> None:
    run = project.run(
        *("fruit_classifier", "predictions", "evaluation"),
        classes=CLASSES,
        target="label",
        classifier="linear_discriminant",
    )
    assert run.result.success, run.failure
    assert run.metadata("fruit_classifier")[None]["fitted"]["classes"] == ["Apple_Red", "Cherry"]
    names = set(project.table("predictions").read(["predicted_label"])["predicted_label"].to_pylist())
    assert names == {"Apple_Red", "Cherry"}
    assert set(project.table("evaluation").counts()) == {"label"}
    metadata = run.metadata("evaluation")[None]
    assert (metadata["target"], metadata["label_accuracy"]) == ("label", metadata["accuracy"])


def test_the_evaluation_shows_the_mistakes(chain: Run) -> None:
    metadata = chain.metadata("evaluation")[None]
    assert metadata["mistakes_by_fruit_class"].startswith(
        "![the most confident mistakes by fruit_class](data:image/jpeg;base64,/9j/"
    )
    assert "mistakes_by_label" in metadata
    assert "| Cherry | 2 | 0.667 | 1.000 | 0.800 |" in metadata["per_label"]
    assert (metadata["label_top_5_accuracy"], metadata["label_accuracy"]) == (1.0, 0.9)
