from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from image_assets.spark.compaction import compact
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.table import Table

SCHEMA = pa.schema([("path", pa.string()), ("fruit_class", pa.string())])


def add(table: Table, fruit_class: str, recipe: str) -> None:
    """Append a file of one row."""
    stamped = table.with_recipe(recipe)
    batch = pa.RecordBatch.from_pydict({"path": [recipe], "fruit_class": [fruit_class]}, schema=SCHEMA)
    table.commit(write_batches(table.root, SCHEMA, "fruit_class", [batch], stamped.write_options), None)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Two classes of four small files each: of one recipe, and of a recipe for each file."""
    made = Table("things", Location.of(tmp_path / "things"), SCHEMA, "fruit_class")
    for number in range(4):
        add(made, "Kiwi", "same")
        add(made, "Pear", f"recipe {number}")
    return made


def test_only_what_was_gathered_is_told(spark: SparkSession, table: Table) -> None:
    version = table.version() or 0
    (outcome,) = compact(spark, table)
    assert (outcome.partition, outcome.error, outcome.version) == ("Kiwi", None, version + 1)
    assert {name: found.files for name, found in table.counts().items()} == {"Kiwi": 1, "Pear": 4}
    assert table.read(["path"], ["Kiwi"])["path"].to_pylist() == ["same"] * 4
    assert list(compact(spark, table)) == []
    assert table.version() == version + 1
