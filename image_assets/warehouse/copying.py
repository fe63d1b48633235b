"""Rows of a table carried over to new files, under new keys where a picture has moved: nothing is decoded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from image_assets.contracts import KEY_COLUMNS
from image_assets.warehouse.reading import DEFAULT_BATCH_ROWS, read_batches, read_rows
from image_assets.warehouse.table import Table

Keys = tuple[str | None, ...]
"""Values of the key columns, in their order."""


@dataclass(frozen=True)
class Copy:
    """What is taken from one file of a table.

    Attributes:
        path: of the file, relative to the table's root.
        partition: that the file belongs to.
        rows: how many rows come of it.
        leaving: paths of rows that are left behind; None takes no row as it is.
        moved: rows that are taken under other keys: the path of each, and its new keys. One row may be taken often.
    """

    path: str
    partition: str
    rows: int
    leaving: frozenset[str] | None = frozenset()
    moved: tuple[tuple[str, Keys], ...] = ()


@dataclass(frozen=True)
class Copies:
    """What one task copies into one file."""

    copies: tuple[Copy, ...]

    @property
    def rows(self) -> int:
        """Rows that come of it."""
        return sum(copy.rows for copy in self.copies)


def copy_rows(table: Table, copies: Copies) -> Iterator[pa.RecordBatch]:
    """Read the rows that are taken from files of a table."""
    for copy in copies.copies:
        moved: dict[str, list[Keys]] = {}
        for path, keys in copy.moved:
            moved.setdefault(path, []).append(keys)
        for batch in _read(table, copy, moved):
            yield from (rows for rows in (_as_they_are(batch, copy), _renamed(batch, moved)) if rows.num_rows)


def group_copies(copies: Iterable[Copy], max_rows: int) -> list[Copies]:
    """Gather copies for tasks of about so many rows, so that small files become larger ones."""
    groups: list[list[Copy]] = []
    rows = max_rows
    for copy in copies:
        if rows >= max_rows:
            groups.append([])
            rows = 0
        groups[-1].append(copy)
        rows += copy.rows
    return [Copies(tuple(group)) for group in groups]


def _read(table: Table, copy: Copy, moved: dict[str, list[Keys]]) -> Iterator[pa.RecordBatch]:
    constants = {table.partition_column: copy.partition}
    batch_rows = min(DEFAULT_BATCH_ROWS, table.write_options.row_group_rows)
    if copy.leaving is None:
        return read_rows(table.root, copy.path, table.column_names, constants, moved, batch_rows=batch_rows)
    return read_batches(table.root, copy.path, table.column_names, constants, batch_rows=batch_rows)


def _as_they_are(batch: pa.RecordBatch, copy: Copy) -> pa.RecordBatch:
    if copy.leaving is None:
        return batch.slice(0, 0)
    if not copy.leaving:
        return batch
    leaving = pa.array(sorted(copy.leaving), pa.string())
    return batch.filter(pc.invert(pc.is_in(batch["path"], value_set=leaving)))


def _renamed(batch: pa.RecordBatch, moved: dict[str, list[Keys]]) -> pa.RecordBatch:
    if not moved:
        return batch.slice(0, 0)
    taken = [(row, keys) for row, path in enumerate(batch["path"].to_pylist()) for keys in moved.get(path, [])]
    rows = batch.take(pa.array([row for row, _ in taken], pa.int64()))
    for place, name in enumerate(KEY_COLUMNS):
        values = pa.array([keys[place] for _, keys in taken], pa.string())
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows
