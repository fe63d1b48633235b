from pathlib import Path

import pyarrow as pa
import pytest

from image_assets.errors import WarehouseError
from image_assets.warehouse.distinct import distinct_values
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.table import Table

SCHEMA = pa.schema([(name, pa.string()) for name in ("fruit_class", "split", "label")])


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table("things", Location.of(tmp_path / "things"), SCHEMA, "fruit_class")


def add(table: Table, fruit_class: str, *rows: tuple[str | None, str | None]) -> None:
    """Add a file of rows of (split, label)."""
    values = [{"fruit_class": fruit_class, "split": split, "label": label} for split, label in rows]
    batch = pa.RecordBatch.from_pylist(values, SCHEMA)
    table.commit(write_batches(table.root, SCHEMA, "fruit_class", [batch], table.write_options), None)


def remove_contents(table: Table) -> None:
    for path in Path(table.root.path).glob("fruit_class=*/*.parquet"):
        path.unlink()


def test_the_log_alone_answers_where_files_have_one_value(table: Table) -> None:
    add(table, "Crème 50%", ("training", "a"), ("test", "a"))
    add(table, "Kiwi", ("test", "b"))
    add(table, "Kiwi", ("training", "c"))
    remove_contents(table)
    assert distinct_values(table, "fruit_class") == ["Crème 50%", "Kiwi"]
    assert distinct_values(table, "label") == ["a", "b", "c"]
    assert distinct_values(table, "label", ("split", "training")) == ["a", "c"]
    assert distinct_values(table, "fruit_class", ("split", "test")) == ["Crème 50%", "Kiwi"]
    assert distinct_values(table, "label", ("fruit_class", "Kiwi")) == ["b", "c"]


def test_files_of_several_values_are_read(table: Table) -> None:
    add(table, "Crème 50%", ("training", "a"), ("test", "b"), ("training", "c"), ("validation", "d"), (None, "e"))
    add(table, "Kiwi", ("training", None))
    assert distinct_values(table, "label") == ["a", "b", "c", "d", "e"]
    assert distinct_values(table, "label", ("split", "training")) == ["a", "c"]
    assert distinct_values(table, "label", ("split", "nothing")) == []
    assert distinct_values(table, "fruit_class", ("split", "training")) == ["Crème 50%", "Kiwi"]


def test_a_table_that_is_not_there_has_no_values(table: Table) -> None:
    assert distinct_values(table, "label") == []
    with pytest.raises(WarehouseError, match="no column"):
        distinct_values(table, "colour")
