"""How good predictions are, from counts alone.

Here belongs what is computed from a small table of (true class, predicted class, count), whoever counted it; how sure
the predictions were is the subject of `calibration`, in what order the classes are shown that of `similarity`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from image_assets.errors import IncompatibleArtifactError
from image_assets.learning.classifier import class_indices
from image_assets.learning.moments import Float64Array, IntArray


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Scores of each class; where nothing was predicted, or nothing is there, a score is 0 as in scikit-learn.

    Attributes:
        classes: Names of the classes.
        precision: float64 [c], share of the predictions of the class that are right.
        recall: float64 [c], share of the pictures of the class that are found.
        f1: float64 [c], harmonic mean of both.
        support: int64 [c], pictures of the class.
    """

    classes: tuple[str, ...]
    precision: Float64Array
    recall: Float64Array
    f1: Float64Array
    support: IntArray


@dataclass(frozen=True, eq=False)
class Confusion:
    """Pictures counted by true and predicted class; two sets of pictures are merged by `+`.

    Attributes:
        classes: Names of the classes, sorted.
        counts: int64 [c, c], true class in rows, predicted class in columns.
    """

    classes: tuple[str, ...]
    counts: IntArray

    @classmethod
    def of(cls, true: Sequence[str], predicted: Sequence[str], counts: Sequence[int] | None = None) -> "Confusion":
        """Count pairs of names, each once or as often as `counts` says; classes are those that occur."""
        classes = tuple(sorted({*true, *predicted}))
        matrix = np.zeros((len(classes), len(classes)), dtype=np.int64)
        weights = np.ones(len(true), dtype=np.int64) if counts is None else np.asarray(counts, dtype=np.int64)
        np.add.at(matrix, (class_indices(true, classes), class_indices(predicted, classes)), weights)
        return cls(classes, matrix)

    def __add__(self, other: "Confusion") -> "Confusion":
        """Merge the counts of two sets of pictures, over the classes of both; neither is changed."""
        classes = tuple(sorted({*self.classes, *other.classes}))
        counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
        for part in (self, other):
            places = class_indices(part.classes, classes)
            counts[np.ix_(places, places)] += part.counts
        return Confusion(classes, counts)

    def renamed(self, names: Mapping[str, str]) -> "Confusion":
        """Return the counts by other names of the classes, such as labels, where several may share one.

        Raises:
            IncompatibleArtifactError: A class has no new name.
        """
        missing = [name for name in self.classes if name not in names]
        if missing:
            raise IncompatibleArtifactError(f"No label is known for the classes {', '.join(missing)}.")
        true, predicted = np.nonzero(self.counts)
        labels = [names[name] for name in self.classes]
        confusion = Confusion.of(
            [labels[i] for i in true], [labels[i] for i in predicted], self.counts[true, predicted].tolist()
        )
        return confusion + Confusion.of(labels, labels, [0] * len(labels))

    def ordered(self, order: IntArray) -> "Confusion":
        """Return the counts with rows and columns in another order of the classes, for a picture."""
        return Confusion(tuple(self.classes[i] for i in order), self.counts[np.ix_(order, order)])

    @property
    def total(self) -> int:
        """Number of pictures."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        """Share of the pictures that are predicted right; nan without pictures."""
        return float(np.trace(self.counts) / self.total) if self.total else float("nan")

    def scores(self) -> ClassScores:
        """Return precision, recall, F1 and support of each class."""
        hits = np.diag(self.counts)
        support, predicted = self.counts.sum(axis=1), self.counts.sum(axis=0)
        return ClassScores(
            classes=self.classes,
            precision=hits / np.maximum(predicted, 1),
            recall=hits / np.maximum(support, 1),
            f1=2 * hits / np.maximum(support + predicted, 1),
            support=support,
        )

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes that were there or were predicted; nan without pictures."""
        occurs = (self.counts.sum(axis=0) + self.counts.sum(axis=1)) > 0
        return float(self.scores().f1[occurs].mean()) if occurs.any() else float("nan")


def top_k_accuracy(rank_counts: Mapping[int, int], k: int) -> float:
    """Return the share of pictures whose true class is among the k most probable ones; nan without pictures.

    Args:
        rank_counts: Number of pictures by the place of the true class, 1 for the most probable; 0 where it is not among
            those that were kept (what Spark's `array_position` gives).
        k: Places that count.
    """
    total = sum(rank_counts.values())
    hits = sum(count for rank, count in rank_counts.items() if 1 <= rank <= k)
    return hits / total if total else float("nan")
