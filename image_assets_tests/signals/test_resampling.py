import numpy as np
import pytest

from image_assets.signals import resampling
from image_assets.signals.errors import SignalError

SERIES = np.array([[0, 1, 2, 3, 4, 5, 6], [10, 10, 20, 20, 30, 30, 99]], dtype=np.uint8)


def test_downsampling_averages_blocks_and_drops_the_tail() -> None:
    result = resampling.downsample(SERIES, 2)
    assert result.tolist() == [[0.5, 2.5, 4.5], [10.0, 20.0, 30.0]]
    assert resampling.downsample(SERIES, 7).tolist() == [[3.0], [219 / 7]]


def test_subsampling_takes_every_value_from_the_first_on() -> None:
    result = resampling.subsample_series(SERIES, 3)
    assert result.dtype == np.uint8
    assert result.tolist() == [[0, 3, 6], [10, 20, 99]]


def test_take_keeps_positions_in_the_order_asked_for() -> None:
    assert resampling.take(SERIES, np.array([6, 0])).tolist() == [[6, 0], [99, 10]]


def test_panels_are_averaged_position_by_position() -> None:
    assert resampling.mean_by_panel(SERIES[:, :6], 3).tolist() == [[1.5, 2.5, 3.5], [15.0, 20.0, 25.0]]


@pytest.mark.parametrize(("window", "expected"), [(2, [2.5, 3.5]), (3, [2.5, 3.5, 4.5])])
def test_windows_reach_half_their_length_to_the_left(window: int, expected: list[float]) -> None:
    # centres 3 and 4: a window of 2 covers c - 1 .. c, one of 3 covers c - 1 .. c + 1
    assert resampling.mean_by_window(SERIES, np.array([3, 4]), window)[0].tolist() == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda: resampling.downsample(SERIES, 0),
        lambda: resampling.downsample(SERIES, 8),
        lambda: resampling.subsample_series(SERIES, 0),
        lambda: resampling.mean_by_panel(SERIES, 2),
        lambda: resampling.mean_by_panel(SERIES, 0),
        lambda: resampling.mean_by_window(SERIES, np.array([0]), 2),
        lambda: resampling.mean_by_window(SERIES, np.array([6]), 3),
        lambda: resampling.mean_by_window(SERIES, np.array([], dtype=np.int64), 3),
    ],
)
def test_factors_panels_and_windows_that_do_not_fit_are_refused(call: object) -> None:
    with pytest.raises(SignalError):
        call()  # type: ignore[operator]
