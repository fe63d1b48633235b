import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from image_assets.learning.calibration import Reliability, TemperatureStatistics
from image_assets.learning.classifier import softmax

RNG = np.random.default_rng(11)
TRUE_LOGITS = RNG.normal(size=(20000, 6)) * 2
INDEX = (softmax(TRUE_LOGITS).cumsum(axis=1) > RNG.random((20000, 1))).argmax(axis=1)


def test_the_calibration_error_of_a_worked_example() -> None:
    confidence = np.array([0.95, 0.92, 0.55, 0.52])
    correct = np.array([True, True, True, False])
    expected = 0.5 * (1 - 0.935) + 0.5 * abs(0.5 - 0.535)
    assert Reliability.of(confidence, correct, n_bins=10).expected_calibration_error == pytest.approx(expected)


def test_bounds_of_bins_belong_to_the_lower_bin_and_certainty_to_the_last() -> None:
    reliability = Reliability.of(np.array([0.5, 1.0, 0.0]), np.array([True, True, False]), n_bins=2)
    np.testing.assert_array_equal(reliability.counts, [2, 1])
    np.testing.assert_array_equal(reliability.correct, [1, 1])


def test_probabilities_that_mean_what_they_say_have_a_small_error() -> None:
    probabilities = softmax(TRUE_LOGITS)
    correct = probabilities.argmax(axis=1) == INDEX
    assert Reliability.of(probabilities.max(axis=1), correct).expected_calibration_error < 0.015
    overconfident = softmax(3 * TRUE_LOGITS).max(axis=1)
    assert Reliability.of(overconfident, correct).expected_calibration_error > 0.1


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 20000))
def test_merged_reliability_is_that_of_all_rows(cut: int) -> None:
    probabilities = softmax(TRUE_LOGITS)
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == INDEX
    merged = Reliability.of(confidence[:cut], correct[:cut]) + Reliability.of(confidence[cut:], correct[cut:])
    whole = Reliability.of(confidence, correct)
    np.testing.assert_array_equal(merged.counts, whole.counts)
    np.testing.assert_array_equal(merged.correct, whole.correct)
    np.testing.assert_allclose(merged.confidence_sums, whole.confidence_sums)


def test_without_predictions_the_error_is_undefined() -> None:
    assert np.isnan(Reliability.of(np.zeros(0), np.zeros(0, dtype=bool)).expected_calibration_error)


@pytest.mark.parametrize("factor", [0.2, 1.0, 4.0])
def test_the_temperature_is_that_of_least_cross_entropy(factor: float) -> None:
    logits = TRUE_LOGITS * factor
    parts = [TemperatureStatistics.of(logits[a:b], INDEX[a:b]) for a, b in ((0, 1000), (1000, 1000), (1000, 20000))]
    found = (parts[2] + (parts[0] + parts[1])).solve()
    best = minimize_scalar(lambda t: log_loss(INDEX, softmax(logits / t)), bounds=(0.05, 20), method="bounded").x
    assert found == pytest.approx(best, rel=0.01)
    assert found == pytest.approx(factor, rel=0.05)


def test_rows_that_are_all_predicted_right_ask_for_a_positive_temperature() -> None:
    logits = np.eye(3)[np.arange(30) % 3] * 8
    assert 0.3 < TemperatureStatistics.of(logits, np.arange(30) % 3).solve() < 3


def test_without_held_out_rows_the_temperature_is_one() -> None:
    assert TemperatureStatistics.of(np.zeros((0, 3)), np.zeros(0, dtype=np.int64)).solve() == 1.0
