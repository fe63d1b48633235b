"""Sparse random projection: for features too wide for a covariance matrix.

Here belongs the choice of the number of components and the matrix, which scikit-learn draws, so that the same seed
gives scikit-learn's values.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from image_assets.errors import SettingsError
from image_assets.learning.moments import Float32Array, check_features
from image_assets.learning.projections import Arrays, Metadata, as_float32

_TILE_ROWS = 16  # one cache line of float32 per feature: three times the speed of whole blocks


@dataclass(frozen=True, eq=False)
class SparseRandomProjection:
    """A very sparse random matrix (P. Li, T. Hastie and K. Church, "Very sparse random projections", KDD 2006).

    The matrix [k, d] is kept column by column (scipy's CSC): all features of a tile of rows are read once, in order,
    and the sums stay in the cache. Each sum runs in the order of the features, as in scikit-learn: same values.

    Attributes:
        data: float32 [nonzeros].
        indices: int32 [nonzeros], component of each value.
        indptr: int32 [d + 1], where each feature's values begin.
        n_components: k.
        seed: Seed of the matrix.
        density: Share of values that are not zero.
        eps: Distortion that the Johnson-Lindenstrauss bound allowed, or None if k was given.
        n_samples: Number of samples put into the bound, or None if k was given.
    """

    KIND: ClassVar[str] = "sparse_random_projection"

    data: Float32Array
    indices: npt.NDArray[np.int32]
    indptr: npt.NDArray[np.int32]
    n_components: int
    seed: int
    density: float
    eps: float | None
    n_samples: int | None

    @property
    def n_features(self) -> int:
        """Width of the features that it takes."""
        return len(self.indptr) - 1

    def transform(self, features: Float32Array) -> Float32Array:
        """Project rows; see `Projection.transform`."""
        from scipy.sparse import csc_array

        check_features(features, self.n_features)
        shape = (self.n_components, self.n_features)
        matrix = csc_array((self.data, self.indices, self.indptr), shape=shape)
        projected = np.empty((len(features), self.n_components), dtype=np.float32)
        for start in range(0, len(features), _TILE_ROWS):
            tile = as_float32(features[start : start + _TILE_ROWS].T)
            projected[start : start + _TILE_ROWS] = (matrix @ tile).T
        return projected

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the fitted arrays by name."""
        return {"data": self.data, "indices": self.indices, "indptr": self.indptr}

    def metadata(self) -> dict[str, Any]:
        """Return the settings, and what k was derived from, as JSON values."""
        return {
            "kind": self.KIND,
            "n_features": self.n_features,
            "n_components": self.n_components,
            "seed": self.seed,
            "density": self.density,
            "eps": self.eps,
            "n_samples": self.n_samples,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, metadata: Metadata) -> "SparseRandomProjection":
        """Bring a stored projection back."""
        return cls(
            data=as_float32(arrays["data"]),
            indices=np.asarray(arrays["indices"], dtype=np.int32),
            indptr=np.asarray(arrays["indptr"], dtype=np.int32),
            n_components=int(metadata["n_components"]),
            seed=int(metadata["seed"]),
            density=float(metadata["density"]),
            eps=metadata["eps"],
            n_samples=metadata["n_samples"],
        )


def johnson_lindenstrauss_components(n_samples: int, eps: float) -> int:
    """Return the number of components that keeps all distances of n samples within 1 +- eps.

    k = 4 ln(n) / (eps^2 / 2 - eps^3 / 3), rounded down (S. Dasgupta and A. Gupta, "An elementary proof of a theorem of
    Johnson and Lindenstrauss", 2003). It depends on the number of samples, not of features.

    Raises:
        SettingsError: There are fewer than two samples, or eps is not in ]0, 1[.
    """
    from sklearn.random_projection import johnson_lindenstrauss_min_dim

    if n_samples < 2 or not 0 < eps < 1:
        raise SettingsError(
            f"The Johnson-Lindenstrauss bound takes at least 2 samples and an eps between 0 and 1, found {n_samples} "
            f"samples and eps={eps}."
        )
    return int(johnson_lindenstrauss_min_dim(n_samples, eps=eps))


def draw_sparse_random_projection(
    n_features: int,
    *,
    n_components: int | None = None,
    n_samples: int | None = None,
    eps: float = 0.1,
    density: float | None = None,
    seed: int = 42,
) -> SparseRandomProjection:
    """Draw the matrix. No feature is looked at: only their number counts.

    Args:
        n_features: Width of the features.
        n_components: k itself; or None: k follows from `n_samples` and `eps` by the Johnson-Lindenstrauss bound.
        n_samples: Number of samples for the bound: the real number of pictures, or any given one.
        eps: Distortion of distances that the bound allows.
        density: Share of values that are not zero, in ]0, 1]; None is 1 / sqrt(n_features).
        seed: Seed of the matrix; the same as scikit-learn's `random_state`.

    Raises:
        SettingsError: k is not between 1 and n_features, or neither k nor the number of samples was given.
    """
    from scipy.sparse import csr_array
    from sklearn import random_projection

    bounded = n_components is None
    if n_components is None:
        if n_samples is None:
            raise SettingsError(
                "A random projection needs n_components, or n_samples for the Johnson-Lindenstrauss bound."
            )
        n_components = johnson_lindenstrauss_components(n_samples, eps)
    if not 1 <= n_components <= n_features:
        origin = f" (the bound for {n_samples:,} samples and eps={eps})" if bounded else ""
        raise SettingsError(
            f"A random projection to {n_components:,} components{origin} of {n_features:,} features: k must lie "
            "between 1 and the number of features; give k itself, a larger eps, or take wider features."
        )
    estimator = random_projection.SparseRandomProjection(
        n_components=n_components, density="auto" if density is None else density, random_state=seed
    )
    matrix = estimator.fit(csr_array((1, n_features), dtype=np.float32)).components_.tocsc()
    return SparseRandomProjection(
        data=as_float32(matrix.data),
        indices=matrix.indices.astype(np.int32),
        indptr=matrix.indptr.astype(np.int32),
        n_components=n_components,
        seed=seed,
        density=float(estimator.density_),
        eps=eps if bounded else None,
        n_samples=n_samples if bounded else None,
    )
