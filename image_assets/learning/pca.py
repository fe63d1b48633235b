"""Principal component analysis, solved from moments.

Here belongs everything particular to PCA: how many components, their signs, centring and whitening.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from image_assets.errors import SettingsError
from image_assets.learning.moments import Float32Array, Float64Array, Moments, check_features
from image_assets.learning.projections import Arrays, Metadata, as_float32


@dataclass(frozen=True, eq=False)
class PCA:
    """Principal components of the centred covariance (I. T. Jolliffe, "Principal Component Analysis", 2002).

    The sign of each component is such that its largest absolute loading is positive, as in scikit-learn.

    Attributes:
        mean: float32 [d], mean of the rows that were fitted.
        components: float32 [k, d], orthonormal rows in the order of falling variance.
        explained_variance: float64 [k], variance along each component (count - 1 in the denominator).
        total_variance: Sum of the variances of all d features.
        n_samples: Number of rows that were fitted.
        requested: Components or fraction of variance that was asked for.
        centre: Whether the mean is taken off before projecting.
        whiten: Whether each projected feature is divided by its standard deviation.
    """

    KIND: ClassVar[str] = "pca"

    mean: Float32Array
    components: Float32Array
    explained_variance: Float64Array
    total_variance: float
    n_samples: int
    requested: int | float
    centre: bool
    whiten: bool

    @property
    def n_features(self) -> int:
        """Width of the features that it takes."""
        return int(self.components.shape[1])

    @property
    def n_components(self) -> int:
        """Width of the features that it gives."""
        return int(self.components.shape[0])

    @property
    def explained_variance_ratio(self) -> Float64Array:
        """Share of the total variance along each component, float64 [k]."""
        return self.explained_variance / self.total_variance

    def transform(self, features: Float32Array) -> Float32Array:
        """Project rows; see `Projection.transform`."""
        check_features(features, self.n_features)
        rows = features - self.mean if self.centre else features
        projected = rows @ self.components.T
        if self.whiten:
            projected /= np.sqrt(self.explained_variance)
        return as_float32(projected)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the fitted arrays by name."""
        return {"mean": self.mean, "components": self.components, "explained_variance": self.explained_variance}

    def metadata(self) -> dict[str, Any]:
        """Return the settings and the spectrum as JSON values."""
        return {
            "kind": self.KIND,
            "n_features": self.n_features,
            "n_components": self.n_components,
            "requested": self.requested,
            "centre": self.centre,
            "whiten": self.whiten,
            "n_samples": self.n_samples,
            "total_variance": self.total_variance,
            "explained_variance_ratio": self.explained_variance_ratio.tolist(),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, metadata: Metadata) -> "PCA":
        """Bring a stored projection back."""
        return cls(
            mean=as_float32(arrays["mean"]),
            components=as_float32(arrays["components"]),
            explained_variance=np.asarray(arrays["explained_variance"], dtype=np.float64),
            total_variance=float(metadata["total_variance"]),
            n_samples=int(metadata["n_samples"]),
            requested=metadata["requested"],
            centre=bool(metadata["centre"]),
            whiten=bool(metadata["whiten"]),
        )


def fit_pca(moments: Moments, n_components: int | float = 256, *, centre: bool = True, whiten: bool = False) -> PCA:
    """Solve the principal components from the moments of the training rows.

    Directions without variance are never given: a few pictures, or features that depend on each other, yield fewer
    components than asked for, and `requested` tells the difference.

    Args:
        moments: Moments of all training rows.
        n_components: A number of components (int), or the fraction of variance to keep (float in ]0, 1[): then the
            fewest components that reach it.
        centre: Whether `transform` takes the mean off. The components are those of the centred covariance in both
            cases; without centring the raw rows are multiplied by them, as MLlib's `RowMatrix` does.
        whiten: Whether `transform` divides each projected feature by its standard deviation.

    Raises:
        SettingsError: The number of components or the fraction is out of range, or fewer than two rows, or rows that
            are all alike, were given.
    """
    _check_request(n_components, moments.n_features)
    variances, vectors = _spectrum(moments, n_components)
    rank = _rank(variances, moments)
    if rank < 1:
        raise SettingsError(
            f"PCA needs at least two training rows that differ, found {moments.count} rows without variance: "
            "add training pictures."
        )
    k = rank
    if isinstance(n_components, float):
        reached = np.cumsum(variances) / np.trace(moments.scatter)
        k = min(rank, int(np.searchsorted(reached, n_components)) + 1)
    components = vectors[:, :k].T
    largest = np.argmax(np.abs(components), axis=1)
    components = components * np.sign(components[np.arange(k), largest])[:, None]
    return PCA(
        mean=as_float32(moments.mean),
        components=as_float32(components),
        explained_variance=variances[:k] / (moments.count - 1),
        total_variance=moments.total_variance,
        n_samples=moments.count,
        requested=n_components,
        centre=centre,
        whiten=whiten,
    )


def _check_request(n_components: int | float, n_features: int) -> None:
    if isinstance(n_components, float):
        if not 0 < n_components < 1:
            raise SettingsError(
                f"n_components={n_components}: a fraction of variance lies between 0 and 1; write a whole number "
                "for a number of components."
            )
    elif not 1 <= n_components <= n_features:
        raise SettingsError(
            f"n_components={n_components}: the features have {n_features:,} columns; choose 1 to {n_features:,}."
        )


def _spectrum(moments: Moments, n_components: int | float) -> tuple[Float64Array, Float64Array]:
    """Return the eigenvalues of the scatter, falling, and the eigenvectors as columns: all, or those asked for."""
    from scipy.linalg import eigh

    d = moments.n_features
    wanted = None if isinstance(n_components, float) else (d - n_components, d - 1)
    values, vectors = eigh(moments.scatter, subset_by_index=wanted)
    return np.maximum(values[::-1], 0.0), vectors[:, ::-1]


def _rank(variances: Float64Array, moments: Moments) -> int:
    """Count the eigenvalues above the rounding error of the scatter, as `numpy.linalg.matrix_rank` does."""
    threshold = variances[0] * max(moments.n_features, moments.count) * np.finfo(np.float64).eps
    return min(int((variances > threshold).sum()), moments.count - 1)
