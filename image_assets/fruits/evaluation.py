"""Stage 6: how well the predictions of the test split agree with the folders that the pictures lie in."""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark import SparkContext

from image_assets.contracts import EVALUATION
from image_assets.errors import WarehouseError
from image_assets.fruits.blocks import split_batches
from image_assets.fruits.pictures import Frame, by_class, find_frames
from image_assets.learning.calibration import Reliability
from image_assets.learning.evaluation import Confusion, top_k_accuracy
from image_assets.spark.stages import aggregate_stage, plan_fragments
from image_assets.vision.labels import label_of
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.reading import Fragment
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = ["path", "fruit_class", "split", "predicted_label", "probability", "top_labels"]
SHOWN_MISTAKES = 20


@dataclass(frozen=True)
class Mistake:
    """A picture of the test split that was taken for another class.

    Attributes:
        probability: of the class that it was taken for.
        path: of the picture.
        fruit_class: the folder that it lies in.
        true: class or label that it is.
        predicted: class or label that it was taken for.
    """

    probability: float
    path: str
    fruit_class: str
    true: str
    predicted: str


@dataclass(frozen=True)
class Evaluation:
    """Scores of the test split; two parts of it are merged by `+`.

    Attributes:
        confusion: pictures by true and predicted class.
        ranks: pictures by the place of the true class among the most probable ones, 0 where it is not among them.
        reliability: predictions by confidence.
        mistakes: the most confident ones, most confident first.
    """

    confusion: Confusion
    ranks: dict[int, int]
    reliability: Reliability
    mistakes: tuple[Mistake, ...] = ()

    def __add__(self, other: "Evaluation") -> "Evaluation":
        """Merge the scores of two sets of pictures."""
        places = {*self.ranks, *other.ranks}
        ranks = {place: self.ranks.get(place, 0) + other.ranks.get(place, 0) for place in places}
        return Evaluation(
            self.confusion + other.confusion,
            ranks,
            self.reliability + other.reliability,
            _most_confident((*self.mistakes, *other.mistakes)),
        )

    @property
    def top_5_accuracy(self) -> float:
        """Share of the pictures whose true class is among the five most probable ones."""
        return top_k_accuracy(self.ranks, 5)

    def as_markdown(self) -> str:
        """Return precision, recall and F1 of each class as a Markdown table, the weakest class first."""
        scores = self.confusion.scores()
        rows = sorted(zip(scores.f1, scores.classes, scores.support, scores.precision, scores.recall, strict=True))
        lines = [f"| {name} | {n} | {p:.3f} | {r:.3f} | {f1:.3f} |" for f1, name, n, p, r in rows]
        return "\n".join(["| class | pictures | precision | recall | F1 |", "|---|--:|--:|--:|--:|", *lines])


def _most_confident(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    return tuple(heapq.nsmallest(SHOWN_MISTAKES, mistakes, key=lambda mistake: (-mistake.probability, mistake.path)))


Evaluations = dict[str, Evaluation]
"""Scores by what is told apart: `fruit_class` (if that is what was predicted) and `label`, which merges varieties."""


def evaluate(context: SparkContext, predictions: Table, target: str) -> Evaluations:
    """Compare the predictions of the test split of all classes with the truth, in one distributed pass.

    Raises:
        WarehouseError: if the test split has no picture.
    """
    root, partition_column = predictions.root, predictions.partition_column
    columns = list(dict.fromkeys([*COLUMNS, target]))

    def partial(fragment: Fragment) -> Evaluations:
        batches = list(split_batches(root, fragment, columns, partition_column, "test"))
        found = {target: evaluate_rows(batches, target)}
        return found if target == "label" else {**found, "label": evaluate_rows(batches, target, label_of)}

    fragments = plan_fragments(context, predictions)
    if not fragments:
        raise WarehouseError("there are no predictions to evaluate: materialize predictions first")
    result = aggregate_stage(context, fragments, partial, _add)
    if result[target].confusion.total == 0:
        raise WarehouseError("no picture of the test split has a prediction: add a Test folder or more pictures")
    return result


def _add(one: Evaluations, other: Evaluations) -> Evaluations:
    return {name: one[name] + other[name] for name in one}


def evaluate_rows(
    batches: list[pa.RecordBatch], target: str, rename: Callable[[str], str] = lambda name: name
) -> Evaluation:
    """Score rows of `predictions` in this process.

    Args:
        batches: the rows.
        target: column that holds the truth.
        rename: from predicted and true names to those that are told apart, such as labels.
    """
    rows = [row for batch in batches for row in batch.to_pylist()]
    true = [rename(row[target]) for row in rows]
    predicted = [rename(row["predicted_label"]) for row in rows]
    tops = [list(dict.fromkeys(rename(name) for name in row["top_labels"])) for row in rows]
    places = [names.index(name) + 1 if name in names else 0 for name, names in zip(true, tops, strict=True)]
    confidence = np.array([row["probability"] for row in rows], dtype=np.float64)
    correct = np.array([a == b for a, b in zip(true, predicted, strict=True)], dtype=bool)
    return Evaluation(
        Confusion.of(true, predicted),
        {place: places.count(place) for place in set(places)},
        Reliability.of(confidence, correct),
        _most_confident(
            Mistake(row["probability"], row["path"], row["fruit_class"], a, b)
            for row, a, b in zip(rows, true, predicted, strict=True)
            if a != b
        ),
    )


def mistake_pictures(frames: Table, mistakes: Iterable[Mistake]) -> list[tuple[Frame, Mistake]]:
    """Read the frames of mistakes from `decoded_frames`; one that is not there any more is left out."""
    listed = list(mistakes)
    found = find_frames(frames, by_class((mistake.fruit_class, mistake.path) for mistake in listed))
    return [(found[mistake.path], mistake) for mistake in listed if mistake.path in found]


def mistakes_sheet(frames: Table, mistakes: Iterable[Mistake]) -> "Image | None":
    """Draw mistakes with what they are and what they were taken for, or None if there are none."""
    from image_assets.vision.contact_sheet import contact_sheet

    pictures = mistake_pictures(frames, mistakes)
    if not pictures:
        return None
    captions = [f"{m.true} \u2192 {m.predicted} {m.probability:.0%}" for _, m in pictures]
    return contact_sheet([frame for frame, _ in pictures], captions, columns=5, tile_size=176)


def publish_scores(table: Table, scores: Evaluations, properties: Mapping[str, str]) -> int:
    """Replace the table `evaluation` by the scores per class and per label, and return its version."""
    rows = [score_rows(found.confusion, name) for name, found in scores.items()]
    files = write_batches(table.root, table.schema, table.partition_column, rows, table.write_options)
    return table.commit(files, ["fruit_class", "label"], properties)


def score_rows(confusion: Confusion, target: str) -> pa.RecordBatch:
    """Return the scores of each class as rows of the table `evaluation`."""
    scores = confusion.scores()
    columns = [
        pa.repeat(pa.scalar(target), len(scores.classes)),
        pa.array(scores.classes),
        pa.array(scores.support),
        pa.array(scores.precision),
        pa.array(scores.recall),
        pa.array(scores.f1),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=EVALUATION)
