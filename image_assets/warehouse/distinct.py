"""The different values of a text column, for the most part from the log alone.

A file of which the log says that its smallest value is its largest has one value, and is not opened. Only the others
are read, that one column of them, a batch at a time: the driver holds values, never rows.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from image_assets.warehouse.reading import read_batches
from image_assets.warehouse.table import Table


def distinct_values(table: Table, column: str, where: tuple[str, str] | None = None) -> list[str]:
    """Return the different values of a text column, sorted; nulls do not count.

    Args:
        table: that has the column; it may not exist yet.
        column: its name.
        where: a text column and the value in it that rows must have to count; all rows do by default.
    """
    table.check_columns([column, *(where[:1] if where else ())])
    if not table.exists():
        return []
    found: set[str] = set()
    for file in pa.table(table.snapshot().get_add_actions(flatten=True)).to_pylist():
        values = _from_log(file, column, where)
        found.update(_from_file(table, file, column, where) if values is None else values)
    return sorted(found)


def _from_log(file: dict[str, Any], column: str, where: tuple[str, str] | None) -> set[str] | None:
    """Return the values that a file has, None if its statistics leave it open."""
    if where is not None:
        smallest, largest = _bounds(file, where[0])
        if smallest is None or largest is None:
            return None
        if not smallest <= where[1] <= largest:
            return set()
        if where[1] not in {smallest, largest}:
            return None
    smallest, largest = _bounds(file, column)
    return None if smallest is None or smallest != largest else {smallest}


def _bounds(file: dict[str, Any], column: str) -> tuple[str | None, str | None]:
    partition = file.get(f"partition.{column}")
    return (partition, partition) if partition is not None else (file.get(f"min.{column}"), file.get(f"max.{column}"))


def _from_file(table: Table, file: dict[str, Any], column: str, where: tuple[str, str] | None) -> Iterator[str]:
    path, partition = unquote(file["path"]), file[f"partition.{table.partition_column}"]
    columns = list(dict.fromkeys([column, *(where[:1] if where else ())]))
    for batch in read_batches(table.root, path, columns, {table.partition_column: partition}):
        rows = batch if where is None else batch.filter(pc.equal(batch[where[0]], where[1]))
        yield from pc.unique(rows[column].drop_null()).to_pylist()
