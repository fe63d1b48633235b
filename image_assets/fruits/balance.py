"""Whether the counts of the tables agree: nothing is lost between one stage and the next."""

from collections.abc import Sequence
from dataclasses import dataclass

from image_assets.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Imbalance:
    """A class whose rows do not add up."""

    fruit_class: str
    expected: int
    found: int


ROWS_OF = {
    "decoded_frames": ("raw_images", None),
    "cnn_features": ("decoded_frames", "decode_error"),
    "reduced_features": ("cnn_features", None),
    "predictions": ("reduced_features", None),
    "imagenet_predictions": ("decoded_frames", "decode_error"),
    "labelled_pictures": ("imagenet_predictions", None),
}
"""For each table: the table that its rows come from, and that one's column whose reasons say which rows end there."""


def imbalances(warehouse: Warehouse, table: str, classes: Sequence[str]) -> list[Imbalance]:
    """Compare the rows of a table with those of the table before it, class by class, from the logs alone."""
    upstream, error_column = ROWS_OF[table]
    before, after = warehouse.table(upstream).counts(classes), warehouse.table(table).counts(classes)
    found = []
    for name in classes:
        source = before[name]
        expected = source.nulls.get(error_column, 0) if error_column else source.rows
        if after[name].rows != expected:
            found.append(Imbalance(name, expected, after[name].rows))
    return found


def unavailable(warehouse: Warehouse, table: str, classes: Sequence[str]) -> list[str]:
    """Return the classes that a table should have rows of and has none.

    No rows are all right where every picture of the class has ended as a failure before.
    """
    counts = warehouse.table(table).counts(classes)
    empty = [name for name in classes if counts[name].rows == 0]
    if table not in ROWS_OF or not empty:
        return empty
    upstream, _ = ROWS_OF[table]
    before = warehouse.table(upstream).counts(empty)
    lost = {item.fruit_class for item in imbalances(warehouse, table, empty)}
    nothing_before = [name for name in empty if before[name].rows == 0]
    return sorted(lost | set(unavailable(warehouse, upstream, nothing_before)))
