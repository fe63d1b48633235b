from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from sklearn.linear_model import LogisticRegression

from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.learning.class_moments import ClassMoments
from image_assets.learning.classifier import ClassWeight, LinearClassifier
from image_assets.learning.logistic import LogisticLoss, class_weights, fit_logistic, logistic_loss
from image_assets.learning.moments import Float32Array, Float64Array

RNG = np.random.default_rng(10)
CLASSES = ("a", "b", "c", "d")
INDEX = RNG.choice(4, size=600, p=[0.55, 0.3, 0.1, 0.05])
ROWS = (RNG.normal(size=(600, 8)) * np.linspace(4, 0.5, 8) + RNG.normal(size=(4, 8))[INDEX] * 1.5 + 20).astype(
    np.float32
)
MOMENTS = ClassMoments.of(ROWS, INDEX, 4)
ONES = np.ones(4)


def objective(parameters: Float64Array, weights: Float64Array) -> LogisticLoss:
    blocks = [(ROWS[i : i + 250], INDEX[i : i + 250]) for i in range(0, 600, 250)]
    return reduce(add, (logistic_loss(parameters, weights, *block) for block in blocks))


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
@pytest.mark.parametrize("c", [0.05, 1.0, 50.0])
def test_probabilities_are_scikit_learns_on_features_of_the_same_scale(c: float, class_weight: ClassWeight) -> None:
    fitted = fit_logistic(objective, MOMENTS, CLASSES, c=c, class_weight=class_weight, tolerance=1e-7)
    scale = np.sqrt(ROWS.astype(np.float64).var(axis=0, ddof=1).mean())
    scaled = (ROWS - ROWS.astype(np.float64).mean(axis=0)) / scale
    sklearn_weight = None if class_weight == "none" else "balanced"
    expected = LogisticRegression(C=c, class_weight=sklearn_weight, tol=1e-9, max_iter=5000).fit(scaled, INDEX)
    assert fitted.details["feature_scale"] == pytest.approx(scale)
    assert fitted.details["converged"]
    np.testing.assert_allclose(fitted.predict_probabilities(ROWS), expected.predict_proba(scaled), atol=1e-4)
    np.testing.assert_allclose(fitted.weights * scale, expected.coef_, atol=1e-3)


def test_the_gradient_is_the_derivative_of_the_loss() -> None:
    parameters = RNG.normal(size=(4, 9)) * 0.1
    weights = np.array([0.5, 1.0, 2.0, 3.0])
    rows = ROWS[:50] - 20

    def loss(flat: Float64Array) -> float:
        logits = rows.astype(np.float64) @ flat.reshape(4, 9)[:, :-1].T + flat.reshape(4, 9)[:, -1]
        norms = np.log(np.exp(logits).sum(axis=1))
        return float(weights[INDEX[:50]] @ (norms - logits[np.arange(50), INDEX[:50]]))

    found = logistic_loss(parameters, weights, rows, INDEX[:50])
    assert found.loss == pytest.approx(loss(parameters.ravel()), rel=1e-10)
    np.testing.assert_allclose(found.gradient.ravel(), approx_fprime(parameters.ravel(), loss), atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 600), max_size=6))
def test_any_split_in_blocks_gives_the_same_loss(cuts: list[int]) -> None:
    parameters = np.random.default_rng(0).normal(size=(4, 9))
    whole = logistic_loss(parameters, ONES, ROWS, INDEX)
    edges = [0, *sorted(cuts), 600]
    parts = [logistic_loss(parameters, ONES, ROWS[a:b], INDEX[a:b]) for a, b in pairwise(edges)]
    merged = reduce(add, parts)
    assert merged.loss == pytest.approx(whole.loss, rel=1e-12)
    np.testing.assert_allclose(merged.gradient, whole.gradient, rtol=1e-9, atol=1e-7)


def test_the_same_blocks_give_the_same_classifier_bit_by_bit() -> None:
    first, second = (fit_logistic(objective, MOMENTS, CLASSES) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.intercepts, second.intercepts)


def test_features_that_say_the_same_twice_are_penalized_as_if_they_said_it_once() -> None:
    rows = RNG.normal(size=(600, 256)).astype(np.float32)
    rows[:, :8] += ROWS

    def fitted(features: Float32Array) -> LinearClassifier:
        moments = ClassMoments.of(features, INDEX, 4)
        return fit_logistic(lambda p, w: logistic_loss(p, w, features, INDEX), moments, CLASSES, tolerance=1e-7)

    once, twice = fitted(rows), fitted(np.hstack([rows, rows]))
    assert twice.details["feature_scale"] == pytest.approx(np.sqrt(2) * once.details["feature_scale"])
    np.testing.assert_allclose(twice.weights[:, :256], once.weights / 2, atol=1e-4)
    np.testing.assert_allclose(twice.weights[:, 256:], once.weights / 2, atol=1e-4)


def test_the_scale_of_the_features_does_not_matter() -> None:
    def enlarged(parameters: Float64Array, weights: Float64Array) -> LogisticLoss:
        return logistic_loss(parameters, weights, ROWS * 1000, INDEX)

    fitted = fit_logistic(objective, MOMENTS, CLASSES, tolerance=1e-7)
    other = fit_logistic(enlarged, ClassMoments.of(ROWS * 1000, INDEX, 4), CLASSES, tolerance=1e-7)
    np.testing.assert_allclose(other.predict_probabilities(ROWS * 1000), fitted.predict_probabilities(ROWS), atol=1e-5)


def test_classes_that_differ_only_in_small_components_take_few_passes() -> None:
    rng = np.random.default_rng(1)
    index = rng.integers(0, 6, size=900)
    apart = np.repeat([0.0, 1.0], 20) * rng.normal(size=(6, 40))
    rows = ((rng.normal(size=(900, 40)) + apart[index]) * np.geomspace(30, 0.3, 40)).astype(np.float32)

    def single(parameters: Float64Array, weights: Float64Array) -> LogisticLoss:
        return logistic_loss(parameters, weights, rows, index)

    moments, classes = ClassMoments.of(rows, index, 6), ("a", "b", "c", "d", "e", "f")
    quick = fit_logistic(single, moments, classes).details
    exact = fit_logistic(single, moments, classes, tolerance=1e-8, max_iterations=5000).details
    assert quick["converged"]
    assert quick["evaluations"] <= 20  # 47 in the coordinates of the features
    assert quick["loss"] == pytest.approx(exact["loss"], rel=1e-3)


def test_balanced_weights_find_more_of_the_rare_class() -> None:
    def recall(class_weight: ClassWeight) -> float:
        fitted = fit_logistic(objective, MOMENTS, CLASSES, class_weight=class_weight)
        return float((fitted.predict_probabilities(ROWS[INDEX == 3]).argmax(axis=1) == 3).mean())

    assert recall("balanced") > recall("none") + 0.1


def test_balanced_weights_give_every_class_the_same_sum() -> None:
    counts = np.array([10, 30, 60])
    np.testing.assert_allclose(class_weights(counts, "balanced") * counts, 100 / 3)
    np.testing.assert_array_equal(class_weights(counts, "none"), np.ones(3))


def test_a_fit_that_is_cut_short_says_so() -> None:
    details = fit_logistic(objective, MOMENTS, CLASSES, max_iterations=3).details
    assert (details["iterations"], details["converged"]) == (3, False)


def test_progress_tells_each_evaluation_and_a_loss_that_falls() -> None:
    seen: list[tuple[int, float, float]] = []
    details = fit_logistic(
        objective, MOMENTS, CLASSES, progress=lambda number, loss, gradient: seen.append((number, loss, gradient))
    ).details
    assert [number for number, _, _ in seen] == list(range(1, details["evaluations"] + 1))
    assert seen[0][1] == pytest.approx(np.log(4), rel=1e-6)
    assert seen[-1][1] == pytest.approx(details["loss"])
    assert seen[-1][2] <= 5e-4


@pytest.mark.parametrize("c", [0.0, -1.0])
def test_a_penalty_that_is_not_positive_is_refused(c: float) -> None:
    with pytest.raises(SettingsError, match=f"c={c}"):
        fit_logistic(objective, MOMENTS, CLASSES, c=c)


def test_features_of_another_width_than_the_parameters_are_refused() -> None:
    with pytest.raises(IncompatibleArtifactError, match="8 features were given to rows of 7"):
        logistic_loss(np.zeros((4, 9)), ONES, ROWS[:, :7], INDEX)
