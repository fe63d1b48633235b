"""The stages of the fruits chain one by one, timed, as the assets combine them but without Dagster."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession

from image_assets.fruits import classifier, cnn_features, decoded_frames, evaluation, projection
from image_assets.fruits.raw_images import plan_class, read_images
from image_assets.spark.partitions import replace_partitions
from image_assets.spark.stages import Batches, Kernel, plan_fragments, scan
from image_assets.spark.updates import Task
from image_assets.vision.decode import DecodeOptions
from image_assets.vision.sources import open_source
from image_assets.warehouse.artifacts import Artifact
from image_assets.warehouse.warehouse import Warehouse

TASK_MIB = 128
FEATURES_BATCH_ROWS = 256
EVERYONE_IS_WARM_SECONDS = 0.5
STAGES = (
    "raw_images",
    "decoded_frames",
    "cnn_features",
    "feature_projection",
    "reduced_features",
    "fruit_classifier",
    "predictions",
    "evaluation",
)
INPUTS = {
    "decoded_frames": "raw_images",
    "cnn_features": "decoded_frames",
    "feature_projection": "cnn_features",
    "reduced_features": "cnn_features",
    "fruit_classifier": "reduced_features",
    "predictions": "reduced_features",
    "evaluation": "predictions",
}


@dataclass(frozen=True)
class StageRun:
    """What a stage did.

    Attributes:
        stage: its name.
        images: how many it was about.
        seconds: of planning, tasks and commits.
        bytes_read: size of the files that it read from.
        bytes_written: size of the files that it wrote.
        ended_at: epoch seconds after the last commit.
    """

    stage: str
    images: int
    seconds: float
    bytes_read: int
    bytes_written: int
    ended_at: float


class Chain:
    """The chain from a source into a warehouse.

    Args:
        spark: the session.
        source: folder or s3:// address of pictures.
        warehouse: root of the tables.
        backbone: the network.
        classes: to compute; all of the source by default.

    Attributes:
        warehouse: where the tables are.
        classes: what is computed.
        projection: how features are reduced.
        classifier: how the classifier is fitted.
        scores: of the last evaluation.
    """

    def __init__(
        self,
        spark: SparkSession,
        source: Path | str,
        warehouse: Path | str,
        backbone: cnn_features.BackboneOptions,
        classes: Sequence[str] | None = None,
    ) -> None:
        self._spark = spark
        self._context = spark.sparkContext
        self._source = open_source(source)
        self._backbone = backbone
        self.warehouse = Warehouse.at(warehouse)
        self._store = self.warehouse.artifacts
        self._folders = self._source.class_folders()
        self.classes = list(classes or self._folders)
        self.projection = projection.ProjectionOptions()
        self.classifier = classifier.ClassifierOptions()
        self.scores: evaluation.Evaluations = {}
        stages: tuple[Callable[[], int], ...] = (
            self._raw_images,
            self._decoded_frames,
            self._cnn_features,
            self._feature_projection,
            self._reduced_features,
            self._fruit_classifier,
            self._predictions,
            self._evaluation,
        )
        self._stages = dict(zip(STAGES, stages, strict=True))

    def run(self, stage: str) -> StageRun:
        """Run a stage for the classes, whatever the tables hold already."""
        started = time.time()
        bytes_written = self._stages[stage]()
        ended = time.time()
        images, bytes_read = self._input(stage)
        return StageRun(stage, images, ended - started, bytes_read, bytes_written, ended)

    def warm_up(self) -> None:
        """Start every Python worker, with the engine open, so that what follows finds them ready."""
        store, graph, engine = self._store, self.publish_graph(), self._backbone.engine

        def open_and_wait(_: Iterable[int]) -> Iterator[int]:
            cnn_features.open_graph(store, graph, engine)
            time.sleep(EVERYONE_IS_WARM_SECONDS)  # or one worker could do it all
            yield 1

        tasks = 2 * self._context.defaultParallelism
        self._context.parallelize(range(tasks), tasks).mapPartitions(open_and_wait).count()

    def publish_graph(self) -> cnn_features.PublishedGraph:
        """Return the graph of the network, exported now if the warehouse does not have it."""
        return cnn_features.publish_graph(self._store, self._backbone)

    def _raw_images(self) -> int:
        plan = plan_class(self._context, self._source, TASK_MIB)
        return self._replace("raw_images", plan, partial(read_images, self._source))

    def _decoded_frames(self) -> int:
        kernel = decoded_frames.decode_kernel(DecodeOptions())
        return self._transform("decoded_frames", decoded_frames.SOURCE_COLUMNS, kernel, decoded_frames.BATCH_ROWS)

    def _cnn_features(self) -> int:
        kernel = cnn_features.feature_kernel(self._store, self.publish_graph(), self._backbone.engine)
        return self._transform("cnn_features", cnn_features.SOURCE_COLUMNS, kernel, cnn_features.BATCH_ROWS)

    def _feature_projection(self) -> int:
        features = self.warehouse.table("cnn_features")
        fitted = projection.fit_projection(self._context, features, self.projection)
        return self._publish(projection.KIND, projection.NAME, fitted)

    def _reduced_features(self) -> int:
        digest, _ = self._store.latest(projection.KIND, projection.NAME)
        kernel = projection.reduction_kernel(self._store, digest)
        return self._transform("reduced_features", projection.SOURCE_COLUMNS, kernel, FEATURES_BATCH_ROWS)

    def _fruit_classifier(self) -> int:
        features = self.warehouse.table("reduced_features")
        fitted = classifier.fit_classifier(self._context, features, self.classifier)
        return self._publish(classifier.KIND, classifier.NAME, fitted)

    def _predictions(self) -> int:
        digest, _ = self._store.latest(classifier.KIND, classifier.NAME)
        kernel = classifier.prediction_kernel(self._store, digest)
        return self._transform("predictions", classifier.SOURCE_COLUMNS, kernel, FEATURES_BATCH_ROWS)

    def _evaluation(self) -> int:
        target = classifier.load_classifier(self._store, self._store.latest(classifier.KIND, classifier.NAME)[0]).target
        self.scores = evaluation.evaluate(self._context, self.warehouse.table("predictions"), target)
        table = self.warehouse.table("evaluation")
        evaluation.publish_scores(table, self.scores, {})
        return sum(file.size for file in table.files())

    def _transform(self, stage: str, columns: Sequence[str], kernel: Kernel, batch_rows: int) -> int:
        source = self.warehouse.table(INPUTS[stage])
        return self._replace(
            stage,
            lambda fruit_class: plan_fragments(self._context, source, [fruit_class]),
            scan(source, columns, kernel, batch_rows),
        )

    def _replace(self, stage: str, plan: Callable[[str], Sequence[Task]], produce: Callable[[Task], Batches]) -> int:
        size = 0
        for outcome in replace_partitions(self._spark, self.warehouse.table(stage), self.classes, plan, produce):
            if outcome.error is not None:
                raise outcome.error
            size += sum(file.size for file in outcome.files)
        return size

    def _publish(self, kind: str, name: str, fitted: Artifact) -> int:
        self._store.publish(kind, name, fitted)
        return len(fitted.to_bytes())

    def _input(self, stage: str) -> tuple[int, int]:
        """Return the rows and bytes that a stage starts from."""
        if stage not in INPUTS:
            folders = [folder for name in self.classes for folder in self._folders[name]]
            sizes = [file.size for folder in folders for file in self._source.files(folder)]
            return len(sizes), sum(sizes)
        counts = self.warehouse.table(INPUTS[stage]).counts(self.classes).values()
        return sum(found.rows for found in counts), sum(found.bytes for found in counts)
