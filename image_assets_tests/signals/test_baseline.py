import numpy as np
import pytest

from image_assets.signals.baseline import normalize, window_baseline, window_exact_baseline
from image_assets.signals.errors import SignalError

GENERATOR = np.random.default_rng(3)
BYTES = GENERATOR.integers(0, 255, size=(6, 31)).astype(np.uint8)
FLOATS = GENERATOR.normal(50, 10, size=(6, 31))


def relative(series: np.ndarray, baseline: np.ndarray, offset: float = 0.1) -> np.ndarray:
    return np.asarray((series - baseline) / (baseline + offset))


@pytest.mark.parametrize("series", [BYTES, FLOATS, FLOATS.astype(np.float32)])
@pytest.mark.parametrize("perc", [0, 20, 33.3, 50, 100])
def test_the_percentile_is_the_interpolated_one_of_numpy(series: np.ndarray, perc: float) -> None:
    baseline = np.array([[np.percentile(row, perc)] for row in series.astype(np.float64)])
    np.testing.assert_allclose(normalize(series, perc=perc), relative(series, baseline), rtol=1e-12, atol=1e-13)


def test_the_default_is_the_twentieth_percentile_with_offset_a_tenth() -> None:
    # sorted 0..10: position 0.2 * 10 = 2
    series = np.arange(11)[::-1][np.newaxis]
    assert normalize(series)[0, 0] == pytest.approx((10 - 2) / 2.1, rel=1e-15)


def test_the_mean_baseline() -> None:
    np.testing.assert_allclose(normalize(BYTES, "mean"), relative(BYTES, BYTES.mean(axis=1, keepdims=True)), rtol=1e-12)


def ordered_window(row: np.ndarray, window: int, perc: float) -> np.ndarray:
    """Order statistic int(window * perc / 100) with clamped ends, written out."""
    n = len(row)
    rank = min(int(window * perc / 100), window - 1)
    starts = np.arange(n) - window // 2
    return np.array([np.sort(row[np.clip(np.arange(s, s + window), 0, n - 1)])[rank] for s in starts])


@pytest.mark.parametrize("window", [1, 2, 6, 7, 31, 40])
@pytest.mark.parametrize("perc", [0, 20, 50, 100])
def test_the_window_baseline_is_an_order_statistic_with_clamped_ends(window: int, perc: float) -> None:
    expected = np.array([ordered_window(row, window, perc) for row in BYTES.astype(np.float64)])
    np.testing.assert_array_equal(window_baseline(BYTES, window, perc), expected)


def exact_window(row: np.ndarray, window: int, perc: float) -> np.ndarray:
    """Interpolated percentile over shrinking windows, written out."""
    left, right = (window // 2, window // 2) if window % 2 == 0 else ((window + 1) // 2, (window + 1) // 2 + 1)
    return np.array([np.percentile(row[max(i - left, 0) : i + right + 1], perc) for i in range(len(row))])


@pytest.mark.parametrize("window", [1, 2, 6, 7, 15, 28, 29, 30, 31, 60])
@pytest.mark.parametrize("perc", [0, 20, 50, 99, 100])
def test_the_exact_window_baseline_interpolates_in_shrinking_windows(window: int, perc: float) -> None:
    for series in (BYTES, FLOATS):
        expected = np.array([exact_window(row, window, perc) for row in series.astype(np.float64)])
        np.testing.assert_allclose(window_exact_baseline(series, window, perc), expected, rtol=1e-12, atol=1e-12)


def test_the_windowed_methods_divide_by_their_baseline() -> None:
    for method, baseline in (("window", window_baseline), ("window-exact", window_exact_baseline)):
        expected = relative(FLOATS, baseline(FLOATS, 6, 20))
        np.testing.assert_allclose(normalize(FLOATS, method, window=6), expected, rtol=1e-14)


def test_a_constant_series_is_zero_and_zeros_divide_by_the_offset() -> None:
    assert normalize(np.full((1, 9), 7, dtype=np.uint8)).tolist() == [[0.0] * 9]
    assert normalize(np.array([[0, 0, 0, 0, 1]]))[0, 4] == pytest.approx(10.0)


def test_missing_values_spoil_only_the_windows_that_hold_them() -> None:
    series = FLOATS.copy()
    series[2, [4, 5, 30]] = np.nan
    series[4] = np.nan
    exact = np.array([exact_window(row, 6, 20) for row in series])
    np.testing.assert_allclose(window_exact_baseline(series, 6, 20), exact, rtol=1e-12)
    ordered = window_baseline(series, 5, 20)
    places = np.clip(np.arange(31)[:, np.newaxis] + np.arange(-2, 3), 0, 30)
    spoiled = np.isnan(series[:, places]).any(axis=2)
    np.testing.assert_array_equal(np.isnan(ordered), spoiled)
    np.testing.assert_array_equal(ordered[~spoiled], window_baseline(FLOATS, 5, 20)[~spoiled])
    assert np.isnan(normalize(series)).all(axis=1).tolist() == [False, False, True, False, True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "median"}, "unknown baseline 'median'"),
        ({"perc": 101}, "between 0 and 100"),
        ({"method": "window"}, "needs a window"),
        ({"method": "window-exact", "window": 0}, "needs a window"),
        ({"window": 6}, "no meaning"),
    ],
)
def test_wrong_arguments_name_the_remedy(options: dict[str, object], message: str) -> None:
    with pytest.raises(SignalError, match=message):
        normalize(BYTES, **options)  # type: ignore[arg-type]
