"""What a run has left of each class: counts from the logs, and the accuracy of the evaluation."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from image_assets.vision.labels import label_of
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class ClassResult:
    """The result of one class.

    Attributes:
        fruit_class: its partition key.
        images: rows of `decoded_frames`.
        failures: of them, those without a frame.
        test_images: pictures of the test split that were evaluated.
        test_accuracy: share of them that was predicted right; None without any.
    """

    fruit_class: str
    images: int
    failures: int
    test_images: int = 0
    test_accuracy: float | None = None


def class_results(warehouse: Warehouse, classes: Sequence[str], target: str) -> Iterator[ClassResult]:
    """Tell the result of each class; with labels as the target, the accuracy is that of the label."""
    counts = warehouse.table("decoded_frames").counts(classes)
    evaluation = warehouse.table("evaluation").read(partitions=[target])
    scores = {row["name"]: row for row in evaluation.to_pylist()}
    for name in classes:
        found = counts[name]
        failures = found.failures("decode_error")
        score = scores.get(name if target == "fruit_class" else label_of(name))
        if score and score["support"]:
            yield ClassResult(name, found.rows, failures, score["support"], score["recall"])
        else:
            yield ClassResult(name, found.rows, failures)


def overall_accuracy(warehouse: Warehouse, target: str) -> tuple[int, float | None]:
    """Return the number of evaluated pictures of all classes, and the share that was predicted right."""
    rows = warehouse.table("evaluation").read(["support", "recall"], [target]).to_pylist()
    support = sum(row["support"] for row in rows)
    hits = sum(row["support"] * row["recall"] for row in rows)
    return support, hits / support if support else None


def most_frequent_label(predictions: Table, fruit_class: str) -> tuple[str | None, int]:
    """Return the ImageNet class that most pictures of a class are taken for, and how many; None without pictures."""
    best = Counter(labels[0] for labels in predictions.read(["labels"], [fruit_class])["labels"].to_pylist())
    return next(iter(best.most_common(1)), (None, 0))
