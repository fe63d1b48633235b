"""Moments kept apart by class: what a linear discriminant is solved from, and what scales a logistic regression.

Here belongs the statistic of labelled rows and its merge. It also holds the moments of all rows together, so one pass
over the training pictures serves a projection and a classifier.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from image_assets.errors import IncompatibleArtifactError
from image_assets.learning.moments import (
    DEFAULT_WIDTH_LIMIT,
    Float32Array,
    Float64Array,
    IntArray,
    Moments,
    add_gram,
    check_features,
    check_width,
    mirrored,
    packed,
    unpacked,
)


@dataclass(frozen=True, eq=False)
class ClassMoments:
    """Count and mean of each class and the scatter of all rows around the mean of their class.

    Merged like `Moments`, class by class. A class without rows has count 0 and mean 0.

    Attributes:
        counts: int64 [c].
        means: float64 [c, d].
        within: float64 [d, d], symmetric: sum over the rows of (x - mean of its class)(x - mean of its class)^T.
    """

    counts: IntArray
    means: Float64Array
    within: Float64Array

    @classmethod
    def of(
        cls,
        features: Float32Array,
        class_index: IntArray,
        n_classes: int,
        *,
        width_limit: int = DEFAULT_WIDTH_LIMIT,
    ) -> "ClassMoments":
        """Take the moments of one block of rows, float32 [n, d] and int [n]; see `of_blocks`."""
        return cls.of_blocks([(features, class_index)], features.shape[-1], n_classes, width_limit=width_limit)

    @classmethod
    def of_blocks(
        cls,
        blocks: Iterable[tuple[Float32Array, IntArray]],
        n_features: int,
        n_classes: int,
        *,
        width_limit: int = DEFAULT_WIDTH_LIMIT,
    ) -> "ClassMoments":
        """Take the moments of all rows of a task while holding one block and one matrix.

        Args:
            blocks: Blocks of rows, float32 [n, d], each with the class of its rows, int [n], in 0 .. n_classes - 1.
            n_features: d.
            n_classes: Number of classes of all tasks.
            width_limit: Widest features allowed.

        Raises:
            SettingsError: The features are wider than the limit.
            IncompatibleArtifactError: A block has another width.
            ValueError: A feature is not finite, or a class lies outside the range.
        """
        check_width(n_features, width_limit)
        counts, means = np.zeros(n_classes, dtype=np.int64), np.zeros((n_classes, n_features))
        within = np.zeros((n_features, n_features), order="F")
        for features, class_index in blocks:
            check_features(features, n_features)
            if len(features) == 0:
                continue
            rows = features.astype(np.float64)
            block_counts = np.bincount(class_index, minlength=n_classes)
            if len(block_counts) > n_classes or len(class_index) != len(rows):
                raise ValueError(
                    f"Expected one class of 0 .. {n_classes - 1} for each of {len(rows)} rows, found "
                    f"{len(class_index)} with a largest of {int(class_index.max())}."
                )
            shifts = _class_sums(rows, class_index, n_classes) / np.maximum(block_counts, 1)[:, None] - means
            centred = rows - (means + shifts)[class_index]
            totals = counts + block_counts
            present = block_counts > 0
            weights = np.sqrt(counts * block_counts / np.maximum(totals, 1))
            within = add_gram(within, np.vstack([centred, (weights[:, None] * shifts)[present]]))
            means[present] += (shifts * (block_counts / np.maximum(totals, 1))[:, None])[present]
            counts = totals
        return cls(counts, means, mirrored(within))

    def __add__(self, other: "ClassMoments") -> "ClassMoments":
        """Merge the moments of two sets of rows; neither is changed."""
        if self.means.shape != other.means.shape:
            raise IncompatibleArtifactError(
                f"Moments of {self.means.shape} and of {other.means.shape} classes and features cannot be merged: "
                "the rows come from different backbones, projections or lists of classes."
            )
        counts = self.counts + other.counts
        share = other.counts / np.maximum(counts, 1)
        shifts = other.means - self.means
        between = shifts.T @ (shifts * (self.counts * share)[:, None])
        return ClassMoments(counts, self.means + shifts * share[:, None], self.within + other.within + between)

    def spread(self) -> "ClassSpread":
        """Return the part that has a number per feature, for what needs no covariances."""
        return ClassSpread(self.counts, self.means, np.diag(self.within).copy())

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.counts)

    @property
    def n_features(self) -> int:
        """Width of the features."""
        return int(self.means.shape[1])

    def total(self) -> Moments:
        """Return the moments of all rows, whatever their class."""
        count = int(self.counts.sum())
        mean = self.counts @ self.means / max(count, 1)
        shifts = (self.means - mean) * np.sqrt(self.counts)[:, None]
        return Moments(count, mean, self.within + shifts.T @ shifts)

    def __reduce__(self) -> "tuple[object, ...]":
        """Pickle one triangle of the symmetric matrix: half the bytes between the tasks and the driver."""
        return _unpacked, (self.counts, self.means, packed(self.within))


@dataclass(frozen=True, eq=False)
class ClassSpread:
    """Count and mean of each class and the squares of all rows around them: d numbers where `ClassMoments` has d x d.

    Attributes:
        counts: int64 [c].
        means: float64 [c, d].
        within: float64 [d], sum over the rows of (x - mean of its class)^2.
    """

    counts: IntArray
    means: Float64Array
    within: Float64Array

    @classmethod
    def of_blocks(
        cls, blocks: Iterable[tuple[Float32Array, IntArray]], n_features: int, n_classes: int
    ) -> "ClassSpread":
        """Take the spread of all rows of a task while holding one block; arguments as in `ClassMoments.of_blocks`.

        Raises:
            IncompatibleArtifactError: A block has another width.
            ValueError: A feature is not finite.
        """
        zeros = np.zeros((n_classes, n_features))
        spread = cls(np.zeros(n_classes, dtype=np.int64), zeros, np.zeros(n_features))
        for features, class_index in blocks:
            check_features(features, n_features)
            rows = features.astype(np.float64)
            counts = np.bincount(class_index, minlength=n_classes)
            means = _class_sums(rows, class_index, n_classes) / np.maximum(counts, 1)[:, None]
            rows -= means[class_index]
            spread = spread + cls(counts, means, np.einsum("ij,ij->j", rows, rows))
        return spread

    def __add__(self, other: "ClassSpread") -> "ClassSpread":
        """Merge the spread of two sets of rows; neither is changed."""
        counts = self.counts + other.counts
        share = other.counts / np.maximum(counts, 1)
        shifts = other.means - self.means
        between = (self.counts * share) @ shifts**2
        return ClassSpread(counts, self.means + shifts * share[:, None], self.within + other.within + between)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.counts)

    def overall(self) -> tuple[int, Float64Array, Float64Array]:
        """Return the number of all rows, their mean [d], and their sum of squares around it [d]."""
        count = int(self.counts.sum())
        mean = self.counts @ self.means / max(count, 1)
        return count, mean, self.within + self.counts @ (self.means - mean) ** 2


def _class_sums(rows: Float64Array, class_index: IntArray, n_classes: int) -> Float64Array:
    """Sum the rows of each class: one product with a sparse indicator matrix [c, n]."""
    from scipy.sparse import csc_array

    n = len(rows)
    indicator = csc_array((np.ones(n), class_index, np.arange(n + 1)), shape=(n_classes, n))
    return np.asarray(indicator @ rows)


def _unpacked(counts: IntArray, means: Float64Array, triangle: Float64Array) -> ClassMoments:
    return ClassMoments(counts, means, unpacked(triangle, means.shape[1]))
