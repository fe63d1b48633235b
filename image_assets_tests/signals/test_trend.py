import numpy as np
import pytest

from image_assets.signals.errors import SignalError
from image_assets.signals.trend import detrend

GENERATOR = np.random.default_rng(8)


def without_polynomial(row: np.ndarray, order: int) -> np.ndarray:
    """The definition, written out: x - (p(i) - p(0))."""
    times = np.arange(len(row))
    fitted = np.polynomial.Polynomial.fit(times, row, order)
    return row - (fitted(times) - fitted(0))


@pytest.mark.parametrize("order", [0, 1, 3, 5, 9])
@pytest.mark.parametrize("n_times", [20, 240])
def test_the_polynomial_goes_but_its_first_value_stays(order: int, n_times: int) -> None:
    series = GENERATOR.integers(0, 255, size=(5, n_times)).astype(np.uint8)
    expected = np.array([without_polynomial(row, order) for row in series.astype(np.float64)])
    np.testing.assert_allclose(detrend(series, "nonlinear", order), expected, rtol=1e-9, atol=1e-9)


def test_a_straight_line_becomes_its_first_value() -> None:
    series = np.array([[3.0, 5.0, 7.0, 9.0], [10.0, 9.0, 8.0, 7.0]])
    np.testing.assert_allclose(detrend(series), [[3.0] * 4, [10.0] * 4], rtol=1e-14)


def test_linear_ignores_the_order_and_nonlinear_has_order_five_by_default() -> None:
    series = GENERATOR.normal(size=(3, 40))
    np.testing.assert_array_equal(detrend(series, "linear", 7), detrend(series, "nonlinear", 1))
    np.testing.assert_array_equal(detrend(series, "nonlinear"), detrend(series, "nonlinear", 5))


@pytest.mark.parametrize("value", [7, 0.1])
def test_a_constant_series_stays_exactly_as_it_is(value: float) -> None:
    series = np.full((2, 33), value)
    np.testing.assert_array_equal(detrend(series, "nonlinear"), series)


def test_an_order_beyond_the_time_points_leaves_the_first_value() -> None:
    series = np.array([[4.0, 1.0, 9.0]])
    np.testing.assert_allclose(detrend(series, "nonlinear", 5), [[4.0, 4.0, 4.0]], rtol=1e-13)
    assert detrend(np.array([[4.0]]), "nonlinear", 5).tolist() == [[4.0]]


def test_a_large_offset_does_not_blur_the_fit() -> None:
    wave = np.sin(np.arange(100) / 3.0)[np.newaxis]
    np.testing.assert_allclose(detrend(wave + 1e6) - 1e6, detrend(wave), atol=1e-9)


@pytest.mark.parametrize(("arguments", "message"), [(("cubic", 3), "unknown trend"), (("nonlinear", -1), "at least 0")])
def test_wrong_arguments_are_refused(arguments: tuple[str, int], message: str) -> None:
    with pytest.raises(SignalError, match=message):
        detrend(np.ones((1, 4)), *arguments)
