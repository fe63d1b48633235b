"""Stage 6: how well the predictions of the test split agree with the folders that the pictures lie in."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import add

import numpy as np
import pyarrow as pa
from pyspark import SparkContext

from image_assets.contracts import EVALUATION
from image_assets.errors import WarehouseError
from image_assets.fruits.blocks import split_batches
from image_assets.learning.calibration import Reliability
from image_assets.learning.evaluation import Confusion, top_k_accuracy
from image_assets.spark.stages import aggregate_stage, plan_fragments
from image_assets.vision.labels import label_of
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.reading import Fragment
from image_assets.warehouse.table import Table

COLUMNS = ["split", "predicted_label", "probability", "top_labels"]


@dataclass(frozen=True)
class Evaluation:
    """Scores of the test split; two parts of it are merged by `+`.

    Attributes:
        confusion: pictures by true and predicted class.
        ranks: pictures by the place of the true class among the most probable ones, 0 where it is not among them.
        reliability: predictions by confidence.
    """

    confusion: Confusion
    ranks: dict[int, int]
    reliability: Reliability

    def __add__(self, other: "Evaluation") -> "Evaluation":
        """Merge the scores of two sets of pictures."""
        places = {*self.ranks, *other.ranks}
        ranks = {place: self.ranks.get(place, 0) + other.ranks.get(place, 0) for place in places}
        return Evaluation(self.confusion + other.confusion, ranks, self.reliability + other.reliability)

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

    def by_label(self) -> Confusion:
        """Count by label, where the varieties of a fruit are one."""
        return self.confusion.renamed({name: label_of(name) for name in self.confusion.classes})


def evaluate(context: SparkContext, predictions: Table, target: str) -> Evaluation:
    """Compare the predictions of the test split of all classes with the truth, in one distributed pass.

    Raises:
        WarehouseError: if the test split has no picture.
    """
    root, partition_column = predictions.root, predictions.partition_column
    columns = [*COLUMNS, target]

    def partial(fragment: Fragment) -> Evaluation:
        batches = list(split_batches(root, fragment, columns, partition_column, "test"))
        return evaluate_rows(batches, target)

    fragments = plan_fragments(context, predictions)
    if not fragments:
        raise WarehouseError("there are no predictions to evaluate: materialize predictions first")
    result: Evaluation = aggregate_stage(context, fragments, partial, add)
    if result.confusion.total == 0:
        raise WarehouseError("no picture of the test split has a prediction: add a Test folder or more pictures")
    return result


def evaluate_rows(batches: list[pa.RecordBatch], target: str) -> Evaluation:
    """Score rows of `predictions` in this process."""
    true = [name for batch in batches for name in batch[target].to_pylist()]
    predicted = [name for batch in batches for name in batch["predicted_label"].to_pylist()]
    top = [names for batch in batches for names in batch["top_labels"].to_pylist()]
    confidence = np.concatenate([np.empty(0), *(np.asarray(batch["probability"]) for batch in batches)])
    places = [names.index(name) + 1 if name in names else 0 for name, names in zip(true, top, strict=True)]
    ranks = {place: places.count(place) for place in set(places)}
    correct = np.array([a == b for a, b in zip(true, predicted, strict=True)], dtype=bool)
    return Evaluation(Confusion.of(true, predicted), ranks, Reliability.of(confidence, correct))


def publish_scores(table: Table, scores: Evaluation, target: str, properties: Mapping[str, str]) -> int:
    """Replace the table `evaluation` by the scores per class and per label, and return its version."""
    rows = {target: score_rows(scores.confusion, target), "label": score_rows(scores.by_label(), "label")}
    files = write_batches(table.root, table.schema, table.partition_column, rows.values(), table.write_options)
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
