import numpy as np
import pytest

from image_assets.signals.correlation import brightness, correlate, crosscorr
from image_assets.signals.errors import SignalError

GENERATOR = np.random.default_rng(2)
SERIES = GENERATOR.integers(0, 255, size=(5, 17)).astype(np.uint8)
SIGNALS = GENERATOR.normal(size=(3, 17))


def test_correlations_are_those_of_numpy() -> None:
    expected = np.array([[np.corrcoef(row, signal)[0, 1] for signal in SIGNALS] for row in SERIES])
    np.testing.assert_allclose(correlate(SERIES, SIGNALS), expected, rtol=1e-12)
    np.testing.assert_allclose(correlate(SERIES, SIGNALS[1]), expected[:, 1:2], rtol=1e-12)


def test_constant_series_and_signals_correlate_with_nothing() -> None:
    flat = np.full((1, 17), 0.1)
    assert np.isnan(correlate(flat, SIGNALS)).all()
    assert np.isnan(correlate(SERIES, flat[0])).all()


def test_a_series_correlates_with_itself_by_no_more_than_one() -> None:
    own = np.diag(correlate(SERIES, SERIES))
    np.testing.assert_allclose(own, 1.0, rtol=1e-15)
    assert (own <= 1).all()


def lagged(row: np.ndarray, signal: np.ndarray, lag: int) -> list[float]:
    """The definition, written out."""
    x, s = row - row.mean(), signal - signal.mean()
    x, s = x / np.linalg.norm(x), s / np.linalg.norm(s)
    products = []
    for shift in range(-lag, lag + 1):
        shifted = np.zeros_like(s)
        for i in range(len(s)):
            if 0 <= i - shift < len(s):
                shifted[i] = s[i - shift]
        products.append(float(x @ shifted))
    return products


@pytest.mark.parametrize("lag", [0, 1, 4, 16, 20])
def test_lagged_correlations_shift_the_signal_right_and_fill_with_zeros(lag: int) -> None:
    expected = np.array([lagged(row.astype(np.float64), SIGNALS[0], lag) for row in SERIES])
    np.testing.assert_allclose(crosscorr(SERIES, SIGNALS[0], lag), expected, rtol=1e-11, atol=1e-14)


def test_a_delayed_copy_peaks_at_its_delay() -> None:
    signal = np.zeros(40)
    signal[10:14] = 1.0
    delayed = np.roll(signal, 3)[np.newaxis]
    assert int(crosscorr(delayed, signal, lag=5).argmax()) - 5 == 3


def test_the_lagged_correlation_of_a_constant_series_is_zero() -> None:
    assert crosscorr(np.full((1, 17), 9), SIGNALS[0], 2).tolist() == [[0.0] * 5]


def test_brightness_is_the_correlation_with_the_own_centre_without_negative_values() -> None:
    centres = np.vstack([SERIES[0], SERIES[1], np.full(17, 3.0)]).astype(np.float64)
    series = np.vstack([SERIES[0], 255 - SERIES[1].astype(int), SERIES[2], np.full(17, 5), SERIES[3], SERIES[4]])
    labels = np.array([0, 1, 1, 0, 2, -1])
    result = brightness(series, centres, labels)
    expected = max(0.0, np.corrcoef(SERIES[2], SERIES[1])[0, 1])
    np.testing.assert_allclose(result, [1.0, 0.0, expected, 0.0, 0.0, 0.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correlate(SERIES, np.ones(16)), "as long as the series"),
        (lambda: correlate(SERIES, np.ones((2, 2, 17))), "as long as the series"),
        (lambda: crosscorr(SERIES, SIGNALS, 1), "one signal"),
        (lambda: crosscorr(SERIES, SIGNALS[0], -1), "at least 0"),
    ],
)
def test_signals_that_do_not_fit_are_refused(call: object, message: str) -> None:
    with pytest.raises(SignalError, match=message):
        call()  # type: ignore[operator]
