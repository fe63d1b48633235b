"""Whether rows are what later stages take them for: finite features, known labels, means near those of the fit.

Features are looked at in Spark; everything else comes from the log or from light columns.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from pyspark import SparkContext

from image_assets.errors import WarehouseError
from image_assets.fruits.blocks import BLOCK_ROWS, feature_matrix, split_batches
from image_assets.fruits.classifier import KIND as CLASSIFIER
from image_assets.fruits.classifier import NAME as CLASSIFIER_NAME
from image_assets.fruits.classifier import load_classifier
from image_assets.fruits.projection import KIND as PROJECTION
from image_assets.fruits.projection import NAME as PROJECTION_NAME
from image_assets.fruits.projection import load_projection
from image_assets.learning.pca import PCA
from image_assets.spark.stages import aggregate_stage, plan_fragments
from image_assets.vision.labels import label_of
from image_assets.warehouse.reading import Fragment, read_fragment
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

EXAMPLES = 5


@dataclass(frozen=True)
class UnsoundRows:
    """Rows whose features no later stage can use; two parts are merged by `+`.

    Attributes:
        not_finite: rows with an infinite value or no number.
        all_zero: rows of zeros only: what a network says of which nothing was computed.
        examples: paths of a few of them.
    """

    not_finite: int = 0
    all_zero: int = 0
    examples: tuple[str, ...] = ()

    def __add__(self, other: "UnsoundRows") -> "UnsoundRows":
        """Merge what was found in two sets of rows."""
        return UnsoundRows(
            self.not_finite + other.not_finite,
            self.all_zero + other.all_zero,
            (self.examples + other.examples)[:EXAMPLES],
        )


def unsound_rows(context: SparkContext, features: Table, classes: Sequence[str]) -> UnsoundRows:
    """Find rows of classes with features that are no numbers or all zero."""
    fragments = plan_fragments(context, features, classes)
    root, column = features.root, features.partition_column

    def partial(fragment: Fragment) -> UnsoundRows:
        found = UnsoundRows()
        for batch in read_fragment(root, fragment, ["path", "features"], column, BLOCK_ROWS):
            matrix = feature_matrix(batch["features"])
            wrong, zero = ~np.isfinite(matrix).all(axis=1), ~matrix.any(axis=1)
            paths = batch["path"].filter((wrong | zero).tolist()).to_pylist()
            found += UnsoundRows(int(wrong.sum()), int(zero.sum()), tuple(paths[:EXAMPLES]))
        return found

    return aggregate_stage(context, fragments, partial, lambda one, other: one + other) if fragments else UnsoundRows()


def repeated_paths(table: Table, classes: Iterable[str]) -> list[str]:
    """Return classes in which a path stands more than once, so that a picture would have several digests."""
    found = []
    for name in classes:
        paths = table.read(["path"], [name])["path"]
        if pc.count_distinct(paths).as_py() != len(paths):
            found.append(name)
    return found


def unknown_labels(warehouse: Warehouse, classes: Sequence[str]) -> list[str]:
    """Return predicted labels of classes that the classifier does not know, sorted."""
    known = _classifier_labels(warehouse)
    predictions = warehouse.table("predictions")
    found = pc.unique(predictions.read(["predicted_label"], classes)["predicted_label"]).to_pylist()
    return sorted(set(found) - set(known))


def unlearned_classes(warehouse: Warehouse, classes: Sequence[str]) -> list[str]:
    """Return classes that the classifier was not fitted to, so that their pictures are bound to be misjudged."""
    known = set(_classifier_labels(warehouse))
    target = load_classifier(warehouse.artifacts, warehouse.artifacts.latest(CLASSIFIER, CLASSIFIER_NAME)[0]).target
    return [name for name in classes if (name if target == "fruit_class" else label_of(name)) not in known]


def _classifier_labels(warehouse: Warehouse) -> list[str]:
    digest, _ = warehouse.artifacts.latest(CLASSIFIER, CLASSIFIER_NAME)
    return list(load_classifier(warehouse.artifacts, digest).classifier.classes)


def drift(context: SparkContext, warehouse: Warehouse) -> float | None:
    """Measure how far the training features have moved since the fit.

    Returns:
        The root mean square over the components of the distance between the mean of today and that of the fit, in
        standard deviations of the fit. None for a projection that was not fitted to data.

    Raises:
        WarehouseError: if there are no reduced training features.
    """
    digest, _ = warehouse.artifacts.latest(PROJECTION, PROJECTION_NAME)
    projection = load_projection(warehouse.artifacts, digest).projection
    if not isinstance(projection, PCA):
        return None
    table = warehouse.table("reduced_features")
    fragments = plan_fragments(context, table)
    if not fragments:
        raise WarehouseError("table 'reduced_features' has no rows: materialize reduced_features first")
    root, column = table.root, table.partition_column

    def partial(fragment: Fragment) -> tuple[int, np.ndarray]:
        return _sum(
            (len(batch), feature_matrix(batch["features"]).sum(axis=0, dtype=np.float64))
            for batch in split_batches(root, fragment, ["features", "split"], column, "training")
        )

    count, total = aggregate_stage(context, fragments, partial, lambda one, other: _sum([one, other]))
    if count == 0:
        raise WarehouseError("table 'reduced_features' has no training rows: add pictures of the training split")
    expected = projection.transform(projection.mean[np.newaxis])[0]
    scale = np.ones_like(expected) if projection.whiten else np.sqrt(projection.explained_variance)
    distance = (total / count - expected) / np.maximum(scale, 1e-12)
    return float(np.sqrt(np.mean(distance**2)))


def _sum(parts: Iterable[tuple[int, np.ndarray]] | Iterator[tuple[int, np.ndarray]]) -> tuple[int, np.ndarray]:
    count, total = 0, np.zeros(1)
    for rows, values in parts:
        count, total = count + rows, total + values
    return count, total
