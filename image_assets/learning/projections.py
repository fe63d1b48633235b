"""What every fitted projection can do, and how a stored one is brought back.

Here belongs what the projections have in common; each kind has its own module (`pca`, `random_projection`).
A fitted projection is arrays and plain values: `to_arrays` and `metadata` give what is stored (npz and JSON, never
pickle), `projection_from_arrays` reads it.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from image_assets.errors import IncompatibleArtifactError
from image_assets.learning.moments import Float32Array

Arrays = Mapping[str, npt.NDArray[Any]]
Metadata = Mapping[str, Any]


class Projection(Protocol):
    """A fitted linear map of features."""

    @property
    def n_features(self) -> int:
        """Width of the features that it takes."""

    @property
    def n_components(self) -> int:
        """Width of the features that it gives."""

    def transform(self, features: Float32Array) -> Float32Array:
        """Project rows, float32 [n, n_features], to float32 [n, n_components].

        Raises:
            IncompatibleArtifactError: The rows have another width than those that were fitted.
            ValueError: A feature is infinite or not a number.
        """

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the fitted arrays by name."""

    def metadata(self) -> dict[str, Any]:
        """Return the kind of projection and its settings as JSON values."""


def projection_from_arrays(arrays: Arrays, metadata: Metadata) -> Projection:
    """Bring a stored projection back.

    Args:
        arrays: What `to_arrays` gave.
        metadata: What `metadata` gave; further keys are ignored.

    Raises:
        IncompatibleArtifactError: The kind of projection is unknown.
    """
    from image_assets.learning.pca import PCA
    from image_assets.learning.random_projection import SparseRandomProjection

    kinds = {kind.KIND: kind for kind in (PCA, SparseRandomProjection)}
    kind = metadata.get("kind")
    if kind not in kinds:
        raise IncompatibleArtifactError(
            f"The stored projection is of the kind {kind!r}, and this version knows {', '.join(sorted(kinds))}: "
            "fit it again."
        )
    return kinds[kind].from_arrays(arrays, metadata)


def as_float32(values: npt.NDArray[Any]) -> Float32Array:
    """Return the values as contiguous float32."""
    return np.ascontiguousarray(values, dtype=np.float32)
