"""Whether probabilities mean what they say, and the one number that mends them.

Here belong the reliability of predictions (expected calibration error) and temperature scaling, both from statistics
that tasks compute over their rows and that are added up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from image_assets.learning.classifier import softmax
from image_assets.learning.moments import Float64Array, IntArray

_INVERSE_TEMPERATURES = 2.0 ** np.linspace(-5, 5, 41)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predictions counted by confidence, in bins of equal width over [0, 1].

    Attributes:
        counts: int64 [b], predictions of each bin.
        confidence_sums: float64 [b], sum of their probabilities.
        correct: int64 [b], how many of them are right.
    """

    counts: IntArray
    confidence_sums: Float64Array
    correct: IntArray

    @classmethod
    def of(
        cls, confidence: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], n_bins: int = 15
    ) -> "Reliability":
        """Count one block of predictions: probability of the predicted class [n] and whether it is the true one [n]."""
        bins = np.clip(np.ceil(confidence.astype(np.float64) * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
        return cls(
            np.bincount(bins, minlength=n_bins),
            np.bincount(bins, weights=confidence, minlength=n_bins).astype(np.float64),
            np.bincount(bins[correct], minlength=n_bins),
        )

    def __add__(self, other: "Reliability") -> "Reliability":
        """Merge the counts of two sets of predictions; neither is changed."""
        return Reliability(
            self.counts + other.counts,
            self.confidence_sums + other.confidence_sums,
            self.correct + other.correct,
        )

    @property
    def expected_calibration_error(self) -> float:
        """Mean distance of confidence and accuracy over the bins, weighted by their counts; nan without predictions.

        M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
        AAAI 2015; bins ]i/b, (i+1)/b] as in C. Guo et al., "On calibration of modern neural networks", ICML 2017.
        """
        total = int(self.counts.sum())
        return float(np.abs(self.confidence_sums - self.correct).sum() / total) if total else float("nan")


@dataclass(frozen=True, eq=False)
class TemperatureStatistics:
    """What the best temperature is solved from, in one pass over held-out rows.

    The derivative of the cross-entropy by the inverse temperature b is the expectation of the logits under
    softmax(b * logits), minus the logit of the true class. It is summed for a grid of b.

    Attributes:
        count: Number of rows.
        expected: float64 [41], sum of the expected logits at each inverse temperature 2^-5 .. 2^5.
        true: Sum of the logits of the true classes.
        uniform: Sum of the mean logits of all classes.
    """

    count: int
    expected: Float64Array
    true: float
    uniform: float

    @classmethod
    def of(cls, logits: Float64Array, class_index: IntArray) -> "TemperatureStatistics":
        """Sum one block of held-out rows: logits, float64 [n, c], and the true classes, int [n]."""
        expected = [float(np.sum(softmax(inverse * logits) * logits)) for inverse in _INVERSE_TEMPERATURES]
        true = float(logits[np.arange(len(logits)), class_index].sum())
        return cls(len(logits), np.array(expected), true, float(logits.mean(axis=1).sum()))

    def __add__(self, other: "TemperatureStatistics") -> "TemperatureStatistics":
        """Merge the sums of two sets of rows; neither is changed."""
        return TemperatureStatistics(
            self.count + other.count,
            self.expected + other.expected,
            self.true + other.true,
            self.uniform + other.uniform,
        )

    def solve(self) -> float:
        """Return the temperature of least cross-entropy (Guo et al., 2017), between 1/32 and 32.

        The targets are smoothed by one pseudo-row in count + 1 that may be of any class (after J. Platt, 1999): else
        rows that are all predicted right would ask for temperature 0. Without rows it is 1.
        """
        if self.count == 0:
            return 1.0
        smoothing = 1 / (self.count + 1)
        derivative = self.expected - (1 - smoothing) * self.true - smoothing * self.uniform
        return float(2.0 ** -np.interp(0.0, derivative, np.log2(_INVERSE_TEMPERATURES)))
