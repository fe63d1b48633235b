"""Stage 5: fitting a classifier to the reduced features of the training split, and applying it to a class."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache, partial, reduce
from operator import add
from typing import Literal

import numpy as np
import pyarrow as pa
from pyspark import RDD, SparkContext, StorageLevel

from image_assets.contracts import KEY_COLUMNS, PREDICTIONS
from image_assets.errors import IncompatibleArtifactError
from image_assets.fruits.blocks import (
    Float32Array,
    feature_matrix,
    feature_width,
    only_value,
    training_blocks,
    training_values,
)
from image_assets.fruits.fits import outdated_fit
from image_assets.learning.class_moments import ClassMoments, ClassSpread
from image_assets.learning.classifier import LinearClassifier, class_indices
from image_assets.learning.discriminant import fit_discriminant
from image_assets.learning.logistic import LogisticLoss, Progress, fit_logistic, logistic_loss
from image_assets.learning.moments import Float64Array, IntArray
from image_assets.spark.stages import Batches, Kernel, merge_tree, plan_fragments
from image_assets.vision.arrow import list_array, list_array_of_strings
from image_assets.warehouse.artifacts import Artifact, ArtifactStore
from image_assets.warehouse.distinct import distinct_values
from image_assets.warehouse.reading import Fragment
from image_assets.warehouse.table import Table

KIND = "classifier"
NAME = "fruit_classifier"
SOURCE_COLUMNS = [*KEY_COLUMNS, "projection", "features"]
TOP_K = 5

LabelledBlock = tuple[Float32Array, IntArray]


@dataclass(frozen=True)
class ClassifierOptions:
    """How the classifier is fitted.

    Attributes:
        method: `logistic_regression` (iterative, the more accurate) or `linear_discriminant` (closed form).
        target: what is predicted.
        c: inverse strength of the penalty of the logistic regression, as in scikit-learn.
        class_weight: `balanced` gives every class the same influence, `none` every picture.
        max_iterations: of the logistic regression.
    """

    method: Literal["logistic_regression", "linear_discriminant"] = "logistic_regression"
    target: Literal["fruit_class", "label"] = "fruit_class"
    c: float = 1.0
    class_weight: Literal["balanced", "none"] = "balanced"
    max_iterations: int = 500


@dataclass(frozen=True)
class FittedClassifier:
    """A classifier and the projection that it belongs to."""

    target: str
    projection: str
    classifier: LinearClassifier


def fit_classifier(
    context: SparkContext, features: Table, options: ClassifierOptions, on_pass: Progress | None = None
) -> Artifact:
    """Fit a classifier to the training split of all classes.

    The rows stay in Spark, cached by it; each pass over them adds up one gradient [c, d + 1] per task.

    Args:
        context: Spark.
        features: the table `reduced_features`.
        options: how.
        on_pass: called after each pass of the logistic regression, see `fit_logistic`.

    Raises:
        IncompatibleArtifactError: if the table mixes projections.
        SettingsError: if there are fewer than two classes with training pictures.
    """
    projection = only_value(features, "projection", "materialize reduced_features for all classes")
    # Asked before the rows are read: what comes meanwhile is not claimed.
    version, classes = features.version(), training_values(features, options.target)
    fragments = plan_fragments(context, features)
    blocks = _labelled_blocks(context, features, fragments, options.target, classes)
    blocks.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        width = feature_width(features)
        if options.method == "linear_discriminant":
            moments = merge_tree(blocks, partial(ClassMoments.of_blocks, n_features=width, n_classes=len(classes)), add)
            classifier = fit_discriminant(moments, classes, class_weight=options.class_weight)
        else:
            classifier = fit_logistic(
                lambda parameters, weights: _loss(blocks, parameters, weights),
                merge_tree(blocks, partial(ClassSpread.of_blocks, n_features=width, n_classes=len(classes)), add),
                classes,
                c=options.c,
                class_weight=options.class_weight,
                max_iterations=options.max_iterations,
                progress=on_pass,
            )
    finally:
        blocks.unpersist()
    metadata = {
        **classifier.metadata(),
        "target": options.target,
        "projection": projection,
        "features_version": version,
        "options": asdict(options),
        "fitted_classes": classes,
    }
    return Artifact(classifier.to_arrays(), metadata)


def outdated_classifier(store: ArtifactStore, features: Table, options: ClassifierOptions) -> str | None:
    """Return why the present classifier does not serve the reduced features any more, None if it does.

    Raises:
        WarehouseError: if nothing was fitted yet.
    """
    _, artifact = store.latest(KIND, NAME)
    projections = distinct_values(features, "projection")
    if set(projections) - {artifact.metadata["projection"]}:
        return f"it was fitted on features of {artifact.metadata['projection']}, and there are those of {projections}"
    return outdated_fit(artifact, asdict(options), training_values(features, options.target))


def _labelled_blocks(
    context: SparkContext, features: Table, fragments: list[Fragment], target: str, classes: list[str]
) -> "RDD[LabelledBlock]":
    read = training_blocks(features, target)

    def blocks(fragment: Fragment) -> Iterator[LabelledBlock]:
        for matrix, names in read(fragment):
            yield np.ascontiguousarray(matrix), class_indices(names.to_numpy(zero_copy_only=False), classes)

    # A task per core: there are a hundred passes, and what a task costs beside its rows is paid in each.
    return context.parallelize(fragments, min(len(fragments), context.defaultParallelism)).flatMap(blocks)


def _loss(blocks: "RDD[LabelledBlock]", parameters: Float64Array, weights: Float64Array) -> LogisticLoss:
    def loss(rows: Iterable[LabelledBlock]) -> Iterator[LogisticLoss]:
        losses = [logistic_loss(parameters, weights, matrix, classes) for matrix, classes in rows]
        if losses:
            yield reduce(add, losses)

    # In the order of the tasks, so that sums of floats, and the fit with them, come out the same every time.
    return reduce(add, blocks.mapPartitions(loss).collect())


@lru_cache(maxsize=2)
def load_classifier(store: ArtifactStore, digest: str) -> FittedClassifier:
    """Read a classifier; a Python worker keeps the last ones."""
    artifact = store.load(KIND, digest)
    classifier = LinearClassifier.from_arrays(artifact.arrays, artifact.metadata)
    return FittedClassifier(str(artifact.metadata["target"]), str(artifact.metadata["projection"]), classifier)


def prediction_kernel(store: ArtifactStore, digest: str) -> Kernel:
    """Return the kernel from rows of `reduced_features` to rows of `predictions`."""

    def kernel(batches: Batches) -> Iterator[pa.RecordBatch]:
        fitted = load_classifier(store, digest)
        for batch in batches:
            yield predict_batch(batch, fitted)

    return kernel


def predict_batch(batch: pa.RecordBatch, fitted: FittedClassifier) -> pa.RecordBatch:
    """Predict the classes of a batch.

    Raises:
        IncompatibleArtifactError: if the features come from another projection than the classifier was fitted on.
    """
    for found in batch["projection"].unique().to_pylist():
        if found != fitted.projection:
            raise IncompatibleArtifactError(
                f"the classifier was fitted on features of {fitted.projection}, and these are of {found}: "
                "materialize fruit_classifier again"
            )
    order, probabilities = fitted.classifier.predict_top(feature_matrix(batch["features"]), TOP_K)
    names = np.array(fitted.classifier.classes)
    scores = probabilities.astype(np.float32)
    columns = [
        *(batch[name] for name in KEY_COLUMNS),
        pa.array(names[order[:, 0]]),
        pa.array(scores[:, 0]),
        list_array_of_strings(order, names),
        list_array(scores),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=PREDICTIONS)
