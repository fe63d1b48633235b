import io
import json

import numpy as np
import pytest

from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.learning.class_moments import ClassMoments
from image_assets.learning.classifier import LinearClassifier, check_classes, class_indices, softmax

RNG = np.random.default_rng(8)
ROWS = RNG.normal(size=(20, 3)).astype(np.float32)
CLASSIFIER = LinearClassifier(
    classes=("Apple", "Banana", "Cherry 1", "Cherry 2"),
    weights=RNG.normal(size=(4, 3)),
    intercepts=RNG.normal(size=4),
    centroids=RNG.normal(size=(4, 3)),
    details={"kind": "logistic_regression", "converged": True},
)


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    odds = np.exp(ROWS.astype(np.float64) @ CLASSIFIER.weights.T + CLASSIFIER.intercepts)
    np.testing.assert_allclose(CLASSIFIER.predict_probabilities(ROWS), odds / odds.sum(axis=1, keepdims=True))


def test_the_best_classes_come_first() -> None:
    indices, probabilities = CLASSIFIER.predict_top(ROWS, k=3)
    everything = CLASSIFIER.predict_probabilities(ROWS)
    assert indices.shape == probabilities.shape == (20, 3)
    np.testing.assert_array_equal(indices[:, 0], everything.argmax(axis=1))
    np.testing.assert_allclose(probabilities, -np.sort(-everything, axis=1)[:, :3])


def test_five_of_four_classes_are_four() -> None:
    indices, probabilities = CLASSIFIER.predict_top(ROWS)
    assert indices.shape == (20, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_equal_probabilities_keep_the_order_of_the_classes() -> None:
    undecided = LinearClassifier(("a", "b", "c"), np.zeros((3, 3)), np.zeros(3), np.zeros((3, 3)))
    np.testing.assert_array_equal(undecided.predict_top(ROWS, k=2)[0], np.tile([0, 1], (20, 1)))


def test_a_stored_classifier_is_reloaded_by_numpy_alone() -> None:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **CLASSIFIER.to_arrays())
    stream.seek(0)
    stored = np.load(stream, allow_pickle=False)
    classes = json.loads(json.dumps(CLASSIFIER.metadata()))["classes"]
    logits = ROWS @ stored["weights"].T + stored["intercepts"]
    odds = np.exp(logits - logits.max(1, keepdims=True))
    probabilities = odds / odds.sum(1, keepdims=True)
    assert classes == ["Apple", "Banana", "Cherry 1", "Cherry 2"]
    np.testing.assert_allclose(probabilities, CLASSIFIER.predict_probabilities(ROWS))


def test_a_stored_classifier_comes_back_the_same() -> None:
    back = LinearClassifier.from_arrays(CLASSIFIER.to_arrays(), json.loads(json.dumps(CLASSIFIER.metadata())))
    assert back.classes == CLASSIFIER.classes
    assert back.details == CLASSIFIER.details
    np.testing.assert_array_equal(back.centroids, CLASSIFIER.centroids)
    np.testing.assert_array_equal(back.predict_probabilities(ROWS), CLASSIFIER.predict_probabilities(ROWS))


def test_features_of_another_width_are_refused() -> None:
    with pytest.raises(IncompatibleArtifactError, match=r"Expected a matrix of rows with 3 .*\(20, 2\)"):
        CLASSIFIER.predict_probabilities(ROWS[:, :2])


def test_softmax_survives_large_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 1e4 - np.log(3.0)], [-1e4, -1e4]])), [[0.75, 0.25], [0.5, 0.5]])


def test_names_become_places_among_the_classes() -> None:
    places = class_indices(["Cherry 1", "Apple", "Cherry 2", "Apple"], CLASSIFIER.classes)
    np.testing.assert_array_equal(places, [2, 0, 3, 0])


@pytest.mark.parametrize("classes", [CLASSIFIER.classes, ()])
def test_an_unknown_class_is_named(classes: tuple[str, ...]) -> None:
    with pytest.raises(IncompatibleArtifactError, match="does not know: Zucchini"):
        class_indices(["Zucchini"], classes)


@pytest.mark.parametrize(
    ("classes", "index", "message"),
    [
        (("a", "b", "c"), [0, 0, 1, 1], "none of c"),
        (("a",), [0, 0, 0, 0], "only a"),
        (("b", "a"), [0, 0, 1, 1], "2 sorted class names"),
        (("a", "a"), [0, 0, 1, 1], "each once"),
        (("a", "b", "c"), [0, 0, 1], "none of c"),
    ],
)
def test_classes_that_cannot_be_fitted_are_refused(classes: tuple[str, ...], index: list[int], message: str) -> None:
    moments = ClassMoments.of(ROWS[: len(index)], np.array(index), len(classes))
    with pytest.raises(SettingsError, match=message):
        check_classes(classes, moments)
