import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_assets.learning.calibration import Reliability
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
