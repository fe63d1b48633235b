"""Coherence and phase of series at one frequency.

Source: `Series.fourier` of Thunder 1.x (`thunder/series/series.py`).
"""

import numpy as np
import scipy.fft

from image_assets.signals.arrays import Block, Floats, centred
from image_assets.signals.errors import SignalError

FOURIER_COLUMNS = ("coherence", "phase")


def fourier(series: Block, freq: int) -> Floats:
    """Return how much of each series lies at one frequency, and where in the period.

    With y = x - mean(x) and Y = FFT(y)[0 : t // 2] (without the Nyquist frequency): the coherence is
    abs(Y[freq]) / sqrt(sum(abs(Y)**2)), the phase -pi / 2 - arg(Y[freq]) in [0, 2 pi) radians, so that sin(wt - d)
    has phase d. A constant series has coherence NaN and phase 3 pi / 2. Where the coherence is close to 0 the phase
    is rounding noise.

    Args:
        series: Block [n, t].
        freq: Whole periods in t time points, 0 <= freq < t // 2.

    Returns:
        float64 [n, 2]: coherence, phase.

    Raises:
        SignalError: If the frequency is out of range.
    """
    deviations = centred(series)
    n_frequencies = deviations.shape[1] // 2
    if not 0 <= freq < n_frequencies:
        raise SignalError(
            f"freq is {freq}: series of {deviations.shape[1]} time points have the frequencies 0 to {n_frequencies - 1}"
        )
    spectrum = scipy.fft.rfft(deviations, axis=1)[:, :n_frequencies]
    real, imaginary = spectrum.real, spectrum.imag
    power = np.einsum("ij,ij->i", real, real) + np.einsum("ij,ij->i", imaginary, imaginary)
    at_frequency = spectrum[:, freq]
    with np.errstate(invalid="ignore"):
        coherence = np.abs(at_frequency) / np.sqrt(power)
    phase = -np.pi / 2 - np.angle(at_frequency)
    phase[phase < 0] += 2 * np.pi
    phase[power == 0] = 3 * np.pi / 2
    return np.stack([coherence, phase], axis=1)
