import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from image_assets.contracts.columns import column, repetitive
from image_assets.errors import WarehouseError
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import WriteOptions, partition_directory, write_batches
from image_assets.warehouse.reading import read_fragment, split_files
from image_assets.warehouse.table import Table

SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("fruit_class", pa.string()),
        pa.field("content", pa.binary()),
        pa.field("error", pa.string()),
    ]
)


def rows(fruit_class: str, *paths: str, error: str | None = None) -> pa.RecordBatch:
    n = len(paths)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(paths),
            pa.array([fruit_class] * n),
            pa.array([b"x" * 1000] * n),
            pa.array([error] * n, pa.string()),
        ],
        schema=SCHEMA,
    )


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table("things", Location.of(tmp_path / "things"), SCHEMA, "fruit_class")


def write(table: Table, *batches: pa.RecordBatch, replace: list[str] | None) -> int:
    files = write_batches(table.root, table.schema, table.partition_column, batches, table.write_options)
    return table.commit(files, replace)


def paths_of(table: Table) -> list[str]:
    return sorted(table.read(["path"])["path"].to_pylist())


def test_replacing_a_partition_leaves_the_files_of_the_others_alone(table: Table) -> None:
    write(table, rows("Kiwi", "k1", "k2"), rows("Pear", "p1"), replace=["Kiwi", "Pear"])
    pear_files = table.files(["Pear"])
    write(table, rows("Kiwi", "k3"), replace=["Kiwi"])
    assert paths_of(table) == ["k3", "p1"]
    assert table.files(["Pear"]) == pear_files


def test_replacing_a_partition_with_nothing_empties_it(table: Table) -> None:
    write(table, rows("Kiwi", "k1"), rows("Pear", "p1"), replace=["Kiwi", "Pear"])
    write(table, replace=["Kiwi"])
    assert paths_of(table) == ["p1"]
    assert table.counts(["Kiwi"])["Kiwi"].rows == 0


def test_append_keeps_what_is_there(table: Table) -> None:
    write(table, rows("Kiwi", "k1"), replace=None)
    write(table, rows("Kiwi", "k2"), replace=None)
    assert paths_of(table) == ["k1", "k2"]


def test_counts_come_from_the_log(table: Table) -> None:
    write(table, rows("Kiwi", "k1", "k2"), rows("Kiwi", "k3", error="torn"), replace=["Kiwi"])
    counts = table.counts()["Kiwi"]
    assert (counts.rows, counts.files, counts.nulls["error"]) == (3, 1, 2)
    assert counts.bytes == table.files()[0].size


def test_versions_count_up_and_old_ones_stay_readable(table: Table) -> None:
    first = write(table, rows("Kiwi", "k1"), replace=["Kiwi"])
    second = write(table, rows("Kiwi", "k2"), replace=["Kiwi"])
    assert second == first + 1
    assert pl.read_delta(table.root.uri, version=first)["path"].to_list() == ["k1"]


def test_partition_values_of_any_script_come_back_as_they_are(table: Table) -> None:
    names = ["Äpfel_1", "100%_#?", "..", "ka=b", "苹果", "it's", "x%20y", "a" * 255]
    write(table, *(rows(name, name) for name in names), replace=names)
    found = table.read(["path", "fruit_class"])
    assert sorted(found["fruit_class"].to_pylist()) == sorted(names)
    assert found["fruit_class"].to_pylist() == found["path"].to_pylist()
    in_polars = pl.read_delta(table.root.uri)["fruit_class"].to_list()
    assert set(in_polars) >= set(names[:-1])  # Polars reads folder names, and the last is too long to be one
    assert sorted(table.snapshot().to_pyarrow_table()["fruit_class"].to_pylist()) == sorted(names)


def test_partition_directories_are_safe_and_distinct() -> None:
    assert partition_directory("c", "Apple_Red_1") == "c=Apple_Red_1"
    values = ("a/b", "a_b", "a b", "a%2Fb", "..", "a" * 201, "a" * 202, "a" * 200)
    directories = {partition_directory("c", value) for value in values}
    assert len(directories) == len(values)
    assert all("/" not in d and len(d) <= 202 for d in directories)


def test_a_crash_between_write_and_commit_leaves_the_table_as_it_was(table: Table) -> None:
    write(table, rows("Kiwi", "k1"), replace=["Kiwi"])
    orphans = write_batches(table.root, SCHEMA, "fruit_class", [rows("Kiwi", "lost")], WriteOptions())
    assert paths_of(table) == ["k1"]
    removed = table.vacuum(retention_hours=0)
    assert [Path(path).name for path in removed] == [Path(orphans[0].path).name]
    assert paths_of(table) == ["k1"]


def test_a_failing_writer_leaves_no_files(table: Table) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield rows("Kiwi", "k1")
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        write_batches(table.root, SCHEMA, "fruit_class", batches(), WriteOptions(row_group_rows=1))
    assert not list(Path(table.root.path).rglob("*.parquet"))


def test_concurrent_writers_of_different_partitions_all_succeed(table: Table) -> None:
    names = [f"class_{i}" for i in range(8)]
    threads = [threading.Thread(target=write, args=(table, rows(n, n)), kwargs={"replace": [n]}) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths_of(table) == names


def test_concurrent_writers_of_one_partition_never_mix(table: Table) -> None:
    def worker(i: int) -> None:
        write(table, rows("Kiwi", f"{i}-a", f"{i}-b"), replace=["Kiwi"])

    threads = [threading.Thread(target=worker, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = paths_of(table)
    assert len(found) == 2
    assert found[0][0] == found[1][0]


def test_files_are_bounded_in_size(tmp_path: Path) -> None:
    options = WriteOptions(target_file_bytes=200, row_group_rows=10)
    table = Table("small", Location.of(tmp_path / "small"), SCHEMA, "fruit_class", options)
    write(table, *(rows("Kiwi", *(f"{j}-{i}" for i in range(10))) for j in range(5)), replace=["Kiwi"])
    assert [file.rows for file in table.files()] == [10] * 5


def test_shares_of_a_file_hold_each_row_once(tmp_path: Path) -> None:
    table = Table("t", Location.of(tmp_path / "t"), SCHEMA, "fruit_class", WriteOptions(row_group_rows=7))
    names = [f"{i:03}" for i in range(100)]
    write(table, rows("Kiwi", *names), replace=["Kiwi"])
    fragments = split_files(table.files(), rows_per_task=30)
    assert [f.count for f in fragments] == [4] * 4
    found = [
        path
        for fragment in fragments
        for batch in read_fragment(table.root, fragment, ["path"], "fruit_class")
        for path in batch["path"].to_pylist()
    ]
    assert found == names


def test_unknown_columns_are_named(table: Table) -> None:
    write(table, rows("Kiwi", "k1"), replace=["Kiwi"])
    with pytest.raises(WarehouseError, match=r"things.*no column \['pixels'\].*path"):
        table.read(["pixels"])


def test_a_missing_table_says_what_to_materialize(table: Table) -> None:
    with pytest.raises(WarehouseError, match="materialize the asset things first"):
        table.snapshot()
    assert table.version() is None
    assert table.files() == []


def test_another_schema_is_refused(table: Table) -> None:
    write(table, rows("Kiwi", "k1"), replace=["Kiwi"])
    other = Table("things", table.root, SCHEMA.remove(3), "fruit_class")
    with pytest.raises(WarehouseError, match="other columns"):
        other.commit([], ["Kiwi"])


def test_bounds_that_json_cannot_hold_are_left_out_of_the_log(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("fruit_class", pa.string()), pa.field("value", pa.float64())])
    table = Table("numbers", Location.of(tmp_path / "numbers"), schema, "fruit_class")
    batch = pa.RecordBatch.from_pydict({"fruit_class": ["a"] * 4, "value": [1.0, float("inf"), float("nan"), None]})
    files = write_batches(table.root, schema, "fruit_class", [batch.cast(schema)], WriteOptions())
    stats = json.loads(files[0].stats)
    assert (stats["minValues"], stats["maxValues"], stats["nullCount"]) == ({"value": 1.0}, {}, {"value": 1})
    table.commit(files, ["a"])
    assert table.counts()["a"].nulls["value"] == 1
    assert pl.read_delta(str(tmp_path / "numbers")).filter(pl.col("value") > 2).height >= 1


def test_lists_that_repeat_are_stored_once_per_value(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(1000, 1016, (200, 100)).astype(float)
    series = repetitive(column("series", pa.list_(pa.float64()), "Values."))
    schema = pa.schema([pa.field("fruit_class", pa.string()), series, pa.field("plain", pa.list_(pa.float64()))])
    arrays = [pa.array(["a"] * 200), pa.array(list(values)), pa.array(list(values))]
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    root = Location.of(tmp_path)
    (file,) = write_batches(root, schema, "fruit_class", [batch], WriteOptions())
    group = pq.ParquetFile(tmp_path / file.path).metadata.row_group(0)
    encodings = {group.column(i).path_in_schema: group.column(i).encodings for i in range(2)}
    assert "RLE_DICTIONARY" in encodings["series.list.element"]
    assert "RLE_DICTIONARY" not in encodings["plain.list.element"]
    (fragment,) = split_files([file], 10_000)
    found = pa.Table.from_batches(read_fragment(root, fragment, ["series"], "fruit_class"))
    assert found["series"].to_pylist() == values.tolist()
