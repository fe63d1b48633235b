"""Pictures of numbers, for the Dagster UI and the report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from image_assets.fruits.blocks import feature_matrix
from image_assets.learning.evaluation import Confusion
from image_assets.learning.similarity import confusion_distances, order_by_distance
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCATTER_ROWS = 1000
INK, ACCENT, SECOND = "#1f2933", "#2563eb", "#f97316"
MAX_NAMED_CLASSES = 60


def _figure(width: float, height: float) -> "tuple[Figure, Axes]":
    """Start a figure that belongs to no window and no global state, so that threads may draw."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def explained_variance_plot(ratios: Sequence[float]) -> "Figure":
    """Plot the share of variance that the first components keep, float [k], falling, each and in all."""
    figure, axes = _figure(6, 3.2)
    components = np.arange(1, len(ratios) + 1)
    axes.bar(components, ratios, color=ACCENT, width=1.0, label="each")
    axes.set(xlabel="component", ylabel="share of variance", xlim=(0.5, len(ratios) + 0.5))
    total = axes.twinx()
    total.plot(components, np.cumsum(ratios), color=SECOND, label="together")
    total.set(ylabel="share together", ylim=(0, 1.02))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    axes.set_title(f"{len(ratios)} components keep {100 * sum(ratios):.1f} % of the variance")
    return figure


def scatter_plot(reduced: Table, partition: str) -> "Figure":
    """Plot the first two reduced features of up to a thousand pictures of a class, by split."""
    rows = reduced.head(SCATTER_ROWS, ["features", "split"], [partition])
    points = np.empty((0, 2)) if rows.num_rows == 0 else feature_matrix(rows["features"].combine_chunks())[:, :2]
    splits = np.array(rows["split"].to_pylist())
    figure, axes = _figure(4.5, 3.6)
    for split, colour in (("training", ACCENT), ("test", SECOND)):
        chosen = points[splits == split] if len(points) else points
        axes.scatter(chosen[:, 0], chosen[:, -1], s=10, color=colour, alpha=0.6, label=split)
    axes.set(xlabel="component 1", ylabel="component 2", title=partition)
    axes.legend(frameon=False)
    return figure


def confusion_plot(confusion: Confusion) -> "Figure":
    """Plot the confusion matrix with classes that are taken for each other side by side."""
    ordered = confusion.ordered(order_by_distance(confusion_distances(confusion.counts)))
    shares = ordered.counts / np.maximum(ordered.counts.sum(axis=1, keepdims=True), 1)
    n = len(ordered.classes)
    side = min(max(4.0, 0.32 * n), 14.0)
    figure, axes = _figure(side + 1.5, side)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if n <= MAX_NAMED_CLASSES:
        axes.set_xticks(range(n), ordered.classes, rotation=90, fontsize=8)
        axes.set_yticks(range(n), ordered.classes, fontsize=8)
        for row, column in zip(*np.nonzero(ordered.counts), strict=True):
            colour = "white" if shares[row, column] > 0.5 else INK
            axes.text(column, row, str(ordered.counts[row, column]), ha="center", va="center", size=8, color=colour)
    axes.set(xlabel="predicted", ylabel="true", title=f"accuracy {confusion.accuracy:.2%} of {confusion.total:,}")
    return figure
