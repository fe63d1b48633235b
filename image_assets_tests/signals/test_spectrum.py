import numpy as np
import pytest

from image_assets.signals.errors import SignalError
from image_assets.signals.spectrum import fourier


def coherence_and_phase(row: np.ndarray, freq: int) -> tuple[float, float]:
    """The definition with a full complex transform, written out."""
    spectrum = np.fft.fft(row - row.mean())[: len(row) // 2]
    coherence = abs(spectrum[freq]) / np.sqrt((abs(spectrum) ** 2).sum())
    phase = -np.pi / 2 - np.angle(spectrum[freq])
    return coherence, phase + 2 * np.pi if phase < 0 else phase


@pytest.mark.parametrize("n_times", [20, 21, 240])
@pytest.mark.parametrize("freq", [1, 3, 9])
def test_coherence_and_phase_follow_the_definition(n_times: int, freq: int) -> None:
    series = np.random.default_rng(n_times).integers(0, 255, size=(6, n_times)).astype(np.uint8)
    expected = np.array([coherence_and_phase(row.astype(np.float64), freq) for row in series])
    np.testing.assert_allclose(fourier(series, freq), expected, rtol=1e-9)


@pytest.mark.parametrize("delay", [0.3, 2.0, 4.0, 6.1])
def test_a_delayed_sine_has_its_delay_as_phase(delay: float) -> None:
    angle = 2 * np.pi * 12 * np.arange(240) / 240
    coherence, phase = fourier(np.sin(angle - delay)[np.newaxis] * 30 + 100, freq=12)[0]
    assert coherence == pytest.approx(1.0, abs=1e-12)
    assert phase == pytest.approx(delay, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 7.0, 0.1, -3.3])
def test_a_constant_series_has_no_coherence_and_the_conventional_phase(value: float) -> None:
    coherence, phase = fourier(np.full((1, 30), value), 2)[0]
    assert np.isnan(coherence)
    assert phase == 3 * np.pi / 2


def test_the_nyquist_frequency_takes_no_part() -> None:
    times = np.arange(20)
    series = np.sin(2 * np.pi * 3 * times / 20) + 50 * (-1.0) ** times
    assert fourier(series[np.newaxis], 3)[0, 0] == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("freq", [-1, 10, 11])
def test_a_frequency_at_or_above_half_the_time_points_is_refused(freq: int) -> None:
    with pytest.raises(SignalError, match="frequencies 0 to 9"):
        fourier(np.ones((1, 20)), freq)
