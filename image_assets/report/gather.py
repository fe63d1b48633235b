"""Everything that the report says, from the tables and artefacts of the warehouse."""

import base64
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from pyspark import SparkContext

from image_assets.fruits.classifier import KIND as CLASSIFIER_KIND
from image_assets.fruits.classifier import NAME as CLASSIFIER_NAME
from image_assets.fruits.evaluation import Evaluation, Mistake, evaluate, mistake_pictures
from image_assets.fruits.near_duplicates import (
    EXACT,
    DuplicateCounts,
    closest_pairs,
    count_duplicates,
    pair_pictures,
)
from image_assets.fruits.pictures import Frame, jpeg
from image_assets.fruits.projection import KIND as PROJECTION_KIND
from image_assets.fruits.projection import NAME as PROJECTION_NAME
from image_assets.learning.evaluation import ClassScores
from image_assets.learning.moments import Float32Array
from image_assets.report.classes import ClassView, thumbnail, view_classes
from image_assets.report.figures import Matrix, VarianceCurve, map_places
from image_assets.warehouse.warehouse import Warehouse

PICTURE_SIZE = 128
SHOWN_PAIRS = 12
SHOWN_EXAMPLES = 30
PACKAGES = ("image_assets", "dagster", "pyspark", "deltalake", "pyarrow", "keras", "openvino", "onnxruntime", "numpy")
HIDDEN_FACTS = frozenset(
    {"classes", "fitted_classes", "options", "explained_variance_ratio", "explained_variance", "features_version"}
)


@dataclass(frozen=True)
class StageTime:
    """How long the last computation of an asset took.

    Attributes:
        name: of the asset.
        seconds: from start to end.
        started: when.
        rows: of its table, 0 if it has none.
    """

    name: str
    seconds: float
    started: datetime
    rows: int = 0


@dataclass(frozen=True)
class ShownMistake:
    """A mistake with its picture, as the address of an inline JPEG."""

    picture: str
    mistake: Mistake


@dataclass(frozen=True)
class ShownPair:
    """Two pictures that are nearly the same, as addresses of inline JPEGs."""

    pictures: tuple[str, str]
    row: Mapping[str, Any]

    @property
    def is_exact(self) -> bool:
        """Whether it is the same file."""
        return bool(self.row["kind"] == EXACT)


@dataclass(frozen=True)
class Scores:
    """The evaluation by one target."""

    name: str
    evaluation: Evaluation
    matrix: Matrix
    mistakes: Sequence[ShownMistake]

    @property
    def wrong(self) -> int:
        """Pictures of the test split that were taken for another class."""
        confusion = self.evaluation.confusion
        return confusion.total - int(np.trace(confusion.counts))

    @property
    def table(self) -> ClassScores:
        """Scores of each class."""
        return self.evaluation.confusion.scores()


@dataclass(frozen=True)
class Report:
    """What the page shows."""

    created: datetime
    source: str
    warehouse: str
    run: str
    classes: Sequence[ClassView]
    sheets: Mapping[str, str]
    points: Sequence[tuple[float, float, int, int]]
    scores: Mapping[str, Scores]
    target: str
    variance: VarianceCurve | None
    projection: Mapping[str, Any]
    classifier: Mapping[str, Any]
    duplicates: DuplicateCounts
    pairs: Sequence[ShownPair]
    stages: Sequence[StageTime]
    versions: Mapping[str, str]

    @property
    def pictures(self) -> int:
        """Pictures of all classes, failures included."""
        return sum(view.rows for view in self.classes)

    @property
    def failures(self) -> Counter[str]:
        """Pictures that could not be decoded, by reason."""
        total: Counter[str] = Counter()
        for view in self.classes:
            total.update(view.failures)
        return total

    @property
    def examples(self) -> list[tuple[str, str]]:
        """Some of these pictures: path and reason."""
        return [example for view in self.classes for example in view.examples][:SHOWN_EXAMPLES]

    @property
    def recall(self) -> Mapping[str, float]:
        """Share of the test pictures of each class that were found."""
        table = self.scores[self.target].table
        return {
            name: float(share) for name, share, n in zip(table.classes, table.recall, table.support, strict=True) if n
        }


def gather(
    context: SparkContext, warehouse: Warehouse, *, source: str, run: str, stages: Sequence[StageTime], seed: int = 42
) -> Report:
    """Read what the report shows; pictures are looked at in Spark tasks.

    Raises:
        WarehouseError: if a table or artefact of the chain is absent.
    """
    frames = warehouse.table("decoded_frames")
    views = view_classes(context, warehouse, sorted(frames.counts()))
    _, projection = warehouse.artifacts.latest(PROJECTION_KIND, PROJECTION_NAME)
    _, classifier = warehouse.artifacts.latest(CLASSIFIER_KIND, CLASSIFIER_NAME)
    target = str(classifier.metadata["target"])
    evaluations = evaluate(context, warehouse.table("predictions"), target)
    duplicates = warehouse.table("near_duplicates")
    ratios = projection.metadata.get("explained_variance_ratio")
    return Report(
        created=datetime.now(UTC),
        source=source,
        warehouse=warehouse.root.uri,
        run=run,
        classes=views,
        sheets={view.fruit_class: inline(view.sheet) for view in views if view.sheet},
        points=_points(views, seed),
        scores={name: _scores(warehouse, name, found) for name, found in evaluations.items()},
        target=target,
        variance=VarianceCurve.of(ratios) if ratios else None,
        projection=_facts(projection.metadata),
        classifier=_facts(classifier.metadata),
        duplicates=count_duplicates(duplicates),
        pairs=[
            ShownPair((_picture(first), _picture(second)), row)
            for first, second, row in pair_pictures(frames, closest_pairs(duplicates, SHOWN_PAIRS))
        ],
        stages=stages,
        versions=_versions(),
    )


def inline(content: bytes) -> str:
    """Return a JPEG file as an address that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _picture(frame: Frame) -> str:
    return inline(jpeg(thumbnail(frame, PICTURE_SIZE)))


def _scores(warehouse: Warehouse, name: str, evaluation: Evaluation) -> Scores:
    pictures = mistake_pictures(warehouse.table("decoded_frames"), evaluation.mistakes)
    shown = [ShownMistake(_picture(frame), mistake) for frame, mistake in pictures]
    return Scores(name, evaluation, Matrix.of(evaluation.confusion), shown)


def _points(views: Sequence[ClassView], seed: int) -> list[tuple[float, float, int, int]]:
    """Place the pictures that have features on the map: x and y, number of the class, place in its sheet."""
    width = max((view.features.shape[1] for view in views), default=0)
    known = [(number, view) for number, view in enumerate(views) if view.features.shape[1] == width]
    owners = [
        (number, place) for number, view in known for place in range(len(view.paths)) if _is_known(view.features[place])
    ]
    if not owners:
        return []
    places = map_places(np.stack([views[number].features[place] for number, place in owners]), seed)
    return [(float(x), float(y), number, place) for (x, y), (number, place) in zip(places, owners, strict=True)]


def _is_known(features: Float32Array) -> bool:
    return bool(np.isfinite(features).all()) and features.size > 0


def _facts(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is long or only for machines."""
    return {name: value for name, value in metadata.items() if name not in HIDDEN_FACTS}


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # not every engine is installed everywhere
            found[name] = "not installed"
    return found
