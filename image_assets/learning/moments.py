"""First and second moments of a set of feature vectors: what a projection is fitted from.

Here belongs the statistic that a task computes over its rows and that is merged pair by pair; what is solved from it
(`pca`) and the moments kept apart by class (`class_moments`) stand in their own modules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from image_assets.errors import IncompatibleArtifactError, SettingsError

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DEFAULT_WIDTH_LIMIT = 8192
_CHUNK_ROWS = 4096


def check_width(n_features: int, limit: int = DEFAULT_WIDTH_LIMIT) -> None:
    """Refuse features whose matrix of second moments would not fit the driver.

    The default of 8,192 features means 512 MiB for each matrix, of which the driver holds a few at a time, and
    256 MiB for the triangle that travels, well under the 2 GiB that Spark can move in one value.

    Args:
        n_features: Width of the features.
        limit: Widest features allowed.

    Raises:
        SettingsError: The features are wider than the limit.
    """
    if n_features > limit:
        gibibytes = n_features**2 * 8 / 2**30
        raise SettingsError(
            f"Features of {n_features:,} columns are too wide for a projection fitted from their covariance: one "
            f"matrix of {n_features:,} x {n_features:,} float64 takes {gibibytes:,.1f} GiB, and the limit is "
            f"{limit:,} columns. Choose the projection sparse_random_projection, pooled instead of "
            "flattened features, or a higher limit."
        )


def check_features(features: npt.NDArray[np.floating], n_features: int | None = None) -> None:
    """Refuse anything but a finite matrix of rows of the wanted width.

    Args:
        features: float [n, d].
        n_features: The d that was fitted, or None where any will do.

    Raises:
        IncompatibleArtifactError: The features are no matrix, or of another width.
        ValueError: A feature is infinite or not a number.
    """
    if features.ndim != 2 or (n_features is not None and features.shape[1] != n_features):
        wanted = "any number" if n_features is None else f"{n_features:,}"
        raise IncompatibleArtifactError(
            f"Expected a matrix of rows with {wanted} of features, found shape {features.shape}: fit again on features "
            "of the backbone and the form that are in use."
        )
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"Row {int(np.argmin(finite))} of the features holds an infinite value or no number: compute it again."
        )


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and centred co-moments of feature vectors.

    The co-moments are kept centred and merged by the update of Chan, Golub and LeVeque ("Algorithms for computing the
    sample variance", The American Statistician 37, 1983). A plain Gram matrix from which count * mean * mean^T is
    taken at the end would lose as many digits as the mean is larger than the spread: features after a ReLU have such
    means. All sums are float64, of float32 features that are converted without loss.

    Attributes:
        count: Number of rows.
        mean: float64 [d].
        scatter: float64 [d, d], symmetric: sum over the rows of (x - mean)(x - mean)^T.
    """

    count: int
    mean: Float64Array
    scatter: Float64Array

    @classmethod
    def of(cls, features: Float32Array, *, width_limit: int = DEFAULT_WIDTH_LIMIT) -> "Moments":
        """Take the moments of one block of rows, float32 [n, d] with n >= 0."""
        return cls.of_blocks([features], features.shape[-1], width_limit=width_limit)

    @classmethod
    def of_blocks(
        cls, blocks: Iterable[Float32Array], n_features: int, *, width_limit: int = DEFAULT_WIDTH_LIMIT
    ) -> "Moments":
        """Take the moments of all rows of a task while holding one block and one matrix.

        Args:
            blocks: Blocks of rows, float32 [n, d].
            n_features: d, which a task without rows could not know.
            width_limit: Widest features allowed.

        Raises:
            SettingsError: The features are wider than the limit.
            IncompatibleArtifactError: A block has another width.
            ValueError: A feature is infinite or not a number.
        """
        check_width(n_features, width_limit)
        count, mean = 0, np.zeros(n_features)
        scatter = np.zeros((n_features, n_features), order="F")
        for block in blocks:
            check_features(block, n_features)
            for start in range(0, len(block), _CHUNK_ROWS):
                rows = block[start : start + _CHUNK_ROWS].astype(np.float64)
                total = count + len(rows)
                shift = rows.mean(axis=0) - mean
                centred = rows - (mean + shift)
                update = np.vstack([centred, shift * np.sqrt(count * len(rows) / total)])
                scatter = add_gram(scatter, update)
                mean += shift * (len(rows) / total)
                count = total
        return cls(count, mean, mirrored(scatter))

    def __add__(self, other: "Moments") -> "Moments":
        """Merge the moments of two sets of rows; neither is changed."""
        if self.mean.shape != other.mean.shape:
            raise IncompatibleArtifactError(
                f"Moments of {len(self.mean):,} and of {len(other.mean):,} features cannot be merged: the rows come "
                "from different backbones or forms; compute the features again with one of them."
            )
        total = self.count + other.count
        if total == 0:
            return self
        shift = other.mean - self.mean
        scatter = self.scatter + other.scatter
        scatter += np.outer(shift, shift) * (self.count * other.count / total)
        return Moments(total, self.mean + shift * (other.count / total), scatter)

    @property
    def n_features(self) -> int:
        """Width of the features."""
        return len(self.mean)

    @cached_property
    def total_variance(self) -> float:
        """Sum of the variances of all features, with count - 1 in the denominator."""
        return float(np.trace(self.scatter)) / max(self.count - 1, 1)

    def __reduce__(self) -> "tuple[object, ...]":
        """Pickle one triangle of the symmetric matrix: half the bytes between the tasks and the driver."""
        return _unpacked, (self.count, self.mean, packed(self.scatter))


def add_gram(total: Float64Array, rows: Float64Array) -> Float64Array:
    """Add rows^T rows to the lower triangle of a column-major matrix in place (BLAS dsyrk, half the work of dgemm)."""
    from scipy.linalg.blas import dsyrk

    result: Float64Array = dsyrk(1.0, rows.T, beta=1.0, c=total, lower=1, overwrite_c=1)
    return result


def mirrored(lower: Float64Array) -> Float64Array:
    """Return the symmetric matrix that has this lower triangle."""
    return np.asarray(np.tril(lower) + np.tril(lower, -1).T)


def packed(symmetric: Float64Array) -> Float64Array:
    """Return the lower triangle of a symmetric matrix [d, d] as a vector [d (d + 1) / 2]."""
    from scipy.linalg.lapack import dtrttp

    if symmetric.size == 0:
        return np.zeros(0)
    vector, _ = dtrttp(symmetric, uplo="L")
    return np.asarray(vector)


def unpacked(vector: Float64Array, width: int) -> Float64Array:
    """Return the symmetric matrix [width, width] that `packed` made a vector of."""
    from scipy.linalg.lapack import dtpttr

    if width == 0:
        return np.zeros((0, 0))
    lower, _ = dtpttr(width, vector, uplo="L")
    return mirrored(lower)


def _unpacked(count: int, mean: Float64Array, triangle: Float64Array) -> Moments:
    return Moments(count, mean, unpacked(triangle, len(mean)))
