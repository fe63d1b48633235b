"""Whether probabilities mean what they say: from counts that tasks make of their rows, and that are added up."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from image_assets.learning.moments import Float64Array, IntArray


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
