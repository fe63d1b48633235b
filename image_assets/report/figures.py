"""Drawings of the report: SVG that follows the colours of the page, and the places of pictures on the map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from image_assets.learning.evaluation import Confusion
from image_assets.learning.moments import Float32Array, Float64Array
from image_assets.learning.similarity import confusion_distances, order_by_distance

NAMED_CLASSES = 40
"""Classes whose names fit beside the matrix."""
MIN_MAP_PICTURES = 8
PLACES = 4
ASPECT = 1.7
"""Width of the map by its height, on a desk."""
DISC_SHARE = 0.85
"""Distance of two pictures at least, as a share of the distance that would fill the map evenly."""
PUSHES = 40
FRACTIONS = (0.5, 0.9, 0.95, 0.99)


def map_places(features: Float32Array, seed: int) -> Float64Array:
    """Return where pictures stand on a map, float64 [n, 2] in [0, 1]: those that a network finds alike are neighbours.

    t-SNE (L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", JMLR 9, 2008). Distances between far
    groups mean little; which pictures stand together does.

    Args:
        features: reduced features, float32 [n, d].
        seed: of the search.
    """
    n = len(features)
    if n < MIN_MAP_PICTURES or features.shape[1] < 2:
        places = np.zeros((n, 2))
        places[:, : min(2, features.shape[1])] = features[:, :2]
    else:
        from sklearn.manifold import TSNE

        perplexity = min(25.0, (n - 1) / 3)
        places = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(features).astype(np.float64)
    return np.round(_stretched(_apart(_stretched(places))), PLACES)


def _stretched(places: Float64Array) -> Float64Array:
    """Let both axes run from 0 to 1."""
    low, high = places.min(axis=0, initial=np.inf), places.max(axis=0, initial=-np.inf)
    return np.asarray((places - low) / np.where(high > low, high - low, 1))


def _apart(places: Float64Array) -> Float64Array:
    """Push pictures that would cover each other apart, each pair by what is missing, a few rounds."""
    least = DISC_SHARE / np.sqrt(max(1, len(places)))
    wide = places * (ASPECT, 1.0)
    for _ in range(PUSHES):
        gaps = wide[:, None] - wide[None]
        lengths = np.sqrt((gaps**2).sum(axis=2)) + np.eye(len(wide)) * least
        missing = np.clip(least - lengths, 0, None) / np.maximum(lengths, 1e-9)
        wide = wide + 0.4 * (gaps * missing[:, :, None]).sum(axis=1)
    return wide / (ASPECT, 1.0)


@dataclass(frozen=True)
class Cell:
    """A field of the confusion matrix that has pictures.

    Attributes:
        row: place of the true class.
        column: place of the predicted class.
        count: pictures.
        share: of the pictures of the true class.
    """

    row: int
    column: int
    count: int
    share: float


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix whose classes stand beside those that they are taken for.

    Attributes:
        classes: in their order.
        cells: fields that are not empty.
        named: whether names fit beside it.
        step: side of a field, in units of the drawing.
        margin: room for the names.
    """

    classes: Sequence[str]
    cells: Sequence[Cell]
    named: bool
    step: int
    margin: int

    @classmethod
    def of(cls, confusion: Confusion) -> "Matrix":
        """Order the classes by similarity."""
        ordered = confusion.ordered(order_by_distance(confusion_distances(confusion.counts)))
        sums = np.maximum(ordered.counts.sum(axis=1), 1)
        cells = [
            Cell(
                int(row), int(column), int(ordered.counts[row, column]), float(ordered.counts[row, column] / sums[row])
            )
            for row, column in zip(*np.nonzero(ordered.counts), strict=True)
        ]
        named = len(ordered.classes) <= NAMED_CLASSES
        longest = max((len(name) for name in ordered.classes), default=0)
        return cls(ordered.classes, cells, named, 24 if named else 8, 8 + 7 * longest if named else 4)

    @property
    def side(self) -> int:
        """Height and width of the drawing."""
        return self.margin + self.step * len(self.classes) + 4


@dataclass(frozen=True)
class VarianceCurve:
    """How much of the variance the first components keep, drawn in a field of 600 x 200.

    Attributes:
        line: points of the curve, for SVG.
        components: number of components.
        total: share that all together keep.
        reached: components that it takes for a share, for the shares that are reached.
    """

    line: str
    components: int
    total: float
    reached: Sequence[tuple[float, int]]

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "VarianceCurve":
        """Add the shares of the components up."""
        sums = np.cumsum(ratios)
        n = len(sums)
        chosen = np.unique(np.round(np.geomspace(1, n, min(n, 200))).astype(int)) - 1
        points = [(600 * np.log(place + 1) / np.log(max(n, 2)), 200 * (1 - sums[place])) for place in chosen]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        reached = [(f, int(np.searchsorted(sums, f)) + 1) for f in FRACTIONS if sums[-1] >= f]
        return cls(line, n, float(sums[-1]), reached)

    def x(self, component: int) -> float:
        """Place of a component on the axis, which is logarithmic."""
        return float(600 * np.log(component) / np.log(max(self.components, 2)))

    @property
    def ticks(self) -> list[int]:
        """Components that the axis names."""
        powers = [int(2**power) for power in range(0, 14, 2) if 2**power < 0.7 * self.components]
        return [*powers, self.components]
