"""The linear classifier: what a logistic regression and a linear discriminant both become.

Here belongs what is stored and applied; how the weights are found stands in `logistic` and `discriminant`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.learning.class_moments import ClassMoments, ClassSpread
from image_assets.learning.moments import Float32Array, Float64Array, IntArray, check_features
from image_assets.learning.projections import Arrays, Metadata

ClassWeight = Literal["balanced", "none"]


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """Probabilities softmax(W x + b) over the classes.

    Stored as npz and JSON, it is used without this package in three lines:

        stored = numpy.load("fruit_classifier.npz"); classes = json.load(open("fruit_classifier.json"))["classes"]
        logits = features @ stored["weights"].T + stored["intercepts"]
        odds = numpy.exp(logits - logits.max(1, keepdims=True)); probabilities = odds / odds.sum(1, keepdims=True)

    Attributes:
        classes: Names of the classes, sorted.
        weights: float64 [c, d].
        intercepts: float64 [c].
        centroids: float64 [c, d], mean training features of each class: for maps and for ordering classes.
        details: How it was fitted, as JSON values.
    """

    classes: tuple[str, ...]
    weights: Float64Array
    intercepts: Float64Array
    centroids: Float64Array
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def n_features(self) -> int:
        """Width of the features that it takes."""
        return int(self.weights.shape[1])

    def logits(self, features: Float32Array) -> Float64Array:
        """Return W x + b, float64 [n, c].

        Raises:
            IncompatibleArtifactError: The rows have another width than those that were fitted.
            ValueError: A feature is infinite or not a number.
        """
        check_features(features, self.n_features)
        return np.asarray(features.astype(np.float64) @ self.weights.T + self.intercepts)

    def predict_probabilities(self, features: Float32Array) -> Float64Array:
        """Return the probability of each class, float64 [n, c], for rows of float32 [n, d]; see `logits` for errors."""
        return softmax(self.logits(features))

    def predict_top(self, features: Float32Array, k: int = 5) -> tuple[IntArray, Float64Array]:
        """Return the k most probable classes, best first, and their probabilities; see `logits` for errors.

        Args:
            features: float32 [n, d].
            k: Classes wanted; fewer are given where there are fewer.

        Returns:
            Indices into `classes`, int64 [n, k], and probabilities, float64 [n, k]. Equal probabilities are given in
            the order of the classes.
        """
        probabilities = self.predict_probabilities(features)
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
        return order, np.take_along_axis(probabilities, order, axis=1)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the fitted arrays by name."""
        return {"weights": self.weights, "intercepts": self.intercepts, "centroids": self.centroids}

    def metadata(self) -> dict[str, Any]:
        """Return the classes and how they were fitted as JSON values."""
        return {"classes": list(self.classes), "n_features": self.n_features, **self.details}

    @classmethod
    def from_arrays(cls, arrays: Arrays, metadata: Metadata) -> "LinearClassifier":
        """Bring a stored classifier back; further keys of the metadata become its details."""
        return cls(
            classes=tuple(metadata["classes"]),
            weights=np.asarray(arrays["weights"], dtype=np.float64),
            intercepts=np.asarray(arrays["intercepts"], dtype=np.float64),
            centroids=np.asarray(arrays["centroids"], dtype=np.float64),
            details={key: value for key, value in metadata.items() if key not in {"classes", "n_features"}},
        )


def softmax(logits: Float64Array) -> Float64Array:
    """Return exp(logits) normed to a sum of 1 along the last axis, safe from overflow."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def class_indices(names: Sequence[str] | npt.NDArray[Any], classes: Sequence[str]) -> IntArray:
    """Return the place of each name among the sorted classes, int64 [n].

    Raises:
        IncompatibleArtifactError: A name is not among the classes.
    """
    known, wanted = np.asarray(classes, dtype=np.str_), np.asarray(names, dtype=np.str_)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    unknown = np.unique(wanted[known[places] != wanted]) if len(known) else np.unique(wanted)
    if len(unknown):
        raise IncompatibleArtifactError(
            f"Classes that the classifier does not know: {', '.join(unknown)}: fit it again with pictures of them."
        )
    return places.astype(np.int64)


def check_classes(classes: Sequence[str], moments: ClassMoments | ClassSpread) -> None:
    """Refuse a training set that no classifier can be fitted on.

    Raises:
        SettingsError: There are fewer than two classes, they are not sorted, or one has no training rows.
    """
    if len(classes) != moments.n_classes or list(classes) != sorted(set(classes)):
        raise SettingsError(
            f"Expected {moments.n_classes} sorted class names, each once, found {len(classes)}: {', '.join(classes)}."
        )
    empty = [name for name, count in zip(classes, moments.counts, strict=True) if count == 0]
    if len(classes) < 2 or empty:
        found = f"none of {', '.join(empty)}" if empty else f"only {', '.join(classes) or 'nothing'}"
        raise SettingsError(
            f"A classifier needs training pictures of at least two classes and of each class, found {found}: add "
            "training pictures, or leave the class out."
        )
