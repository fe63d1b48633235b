import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from image_assets.errors import WarehouseError
from image_assets.spark.partitions import replace_partitions
from image_assets.spark.side_by_side import Outcome, partitions_at_once
from image_assets.spark.stages import StageError, aggregate_stage, plan_fragments, scan, write_stage
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import WriteOptions, write_batches
from image_assets.warehouse.table import Table

SCHEMA = pa.schema([("path", pa.string()), ("fruit_class", pa.string()), ("n", pa.int64())])


@dataclass(frozen=True)
class Numbers:
    fruit_class: str
    first: int
    rows: int


def numbers(task: Numbers) -> Iterator[pa.RecordBatch]:
    if task.first < 0:
        raise ValueError(f"{task.fruit_class} starts below zero: start at 0")
    values = range(task.first, task.first + task.rows)
    columns = [[f"{n}.jpg" for n in values], [task.fruit_class] * task.rows, list(values)]
    yield pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=SCHEMA)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table("numbers", Location.of(tmp_path / "numbers"), SCHEMA, "fruit_class", WriteOptions(row_group_rows=50))


def replaced(spark: SparkSession, table: Table, plans: dict[str, list[Numbers]]) -> dict[str, Outcome]:
    outcomes = replace_partitions(spark, table, list(plans), lambda name: plans[name], numbers)
    return {outcome.partition: outcome for outcome in outcomes}


def test_each_partition_is_one_commit_with_every_row_once(spark: SparkSession, table: Table) -> None:
    plans = {name: [Numbers(name, 0, 100), Numbers(name, 100, 100)] for name in ("Kiwi", "Pear", "Fig")}
    outcomes = replaced(spark, table, plans)
    assert sorted(outcome.version or 0 for outcome in outcomes.values()) == [1, 2, 3]
    assert {name: outcome.rows for name, outcome in outcomes.items()} == {"Kiwi": 200, "Pear": 200, "Fig": 200}
    assert sorted(table.read(["n"], ["Pear"])["n"].to_pylist()) == list(range(200))


def test_a_failing_partition_neither_stops_nor_undoes_the_others(spark: SparkSession, table: Table) -> None:
    replaced(spark, table, {"Kiwi": [Numbers("Kiwi", 0, 10)]})
    plans = {"Fig": [Numbers("Fig", 0, 5)], "Kiwi": [Numbers("Kiwi", 0, 7), Numbers("Kiwi", -1, 1)]}
    outcomes = replaced(spark, table, plans)
    assert isinstance(outcomes["Kiwi"].error, StageError)
    assert str(outcomes["Kiwi"].error) == "ValueError: Kiwi starts below zero: start at 0"
    assert outcomes["Fig"].error is None
    assert {name: found.rows for name, found in table.counts().items()} == {"Kiwi": 10, "Fig": 5}


def test_a_plan_that_fails_is_the_outcome_of_its_partition(spark: SparkSession, table: Table) -> None:
    outcomes = replaced(spark, table, {"Kiwi": [Numbers("Kiwi", 0, 1)]})

    def plan(name: str) -> list[Numbers]:
        raise WarehouseError(f"{name} has vanished")

    failed = next(iter(replace_partitions(spark, table, ["Fig"], plan, numbers)))
    assert str(failed.error) == "Fig has vanished"
    assert outcomes["Kiwi"].rows == 1


def test_progress_ends_at_what_was_expected(spark: SparkSession, table: Table) -> None:
    seen: list[tuple[int, int]] = []
    tasks = [Numbers("Kiwi", i, 10) for i in range(5)]
    list(replace_partitions(spark, table, ["Kiwi"], lambda _: tasks, numbers, on_progress=lambda *n: seen.append(n)))
    assert seen[-1] == (50, 50)


def sleepy_numbers(task: Numbers) -> Iterator[pa.RecordBatch]:
    time.sleep(0 if task.fruit_class == "Kiwi" else 60)
    yield from numbers(task)


def test_a_stop_cancels_what_runs_and_tells_what_was_committed(spark: SparkSession, table: Table) -> None:
    plans = {name: [Numbers(name, 0, 10)] for name in ("Kiwi", "Fig", "Pear", "Plum", "Lime")}

    def plan(name: str) -> list[Numbers]:
        while name != "Kiwi" and not table.counts(["Kiwi"])["Kiwi"].rows:
            time.sleep(0.05)  # Kiwi must not wait for a core behind tasks that sleep
        return plans[name]

    def stop_once_kiwi_is_there(done: int, _expected: int) -> None:
        if done:
            raise KeyboardInterrupt

    outcomes: list[Outcome] = []
    started = time.monotonic()
    stages = replace_partitions(spark, table, list(plans), plan, sleepy_numbers, on_progress=stop_once_kiwi_is_there)
    with pytest.raises(KeyboardInterrupt):
        outcomes.extend(stages)
    assert time.monotonic() - started < 30
    assert [(outcome.partition, outcome.error) for outcome in outcomes] == [("Kiwi", None)]
    assert {name: found.rows for name, found in table.counts().items()} == {"Kiwi": 10}
    assert replaced(spark, table, {"Kiwi": [Numbers("Kiwi", 0, 7)]})["Kiwi"].rows == 7  # the session goes on


def test_a_stop_while_an_outcome_is_looked_at_loses_no_other(spark: SparkSession, table: Table) -> None:
    plans = {name: [Numbers(name, 0, 10)] for name in ("Kiwi", "Fig", "Pear")}
    stages = replace_partitions(spark, table, list(plans), plans.__getitem__, numbers)
    assert isinstance(stages, Generator)
    outcomes = [next(stages)]
    while len(table.counts()) < len(plans):
        time.sleep(0.05)
    outcomes.append(stages.throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        outcomes.extend(stages)
    assert {outcome.partition for outcome in outcomes if outcome.error is None} == set(plans)


def test_a_partition_without_tasks_becomes_empty(spark: SparkSession, table: Table) -> None:
    replaced(spark, table, {"Kiwi": [Numbers("Kiwi", 0, 10)]})
    replaced(spark, table, {"Kiwi": []})
    assert table.counts(["Kiwi"])["Kiwi"].rows == 0


def test_a_scan_gives_a_kernel_each_row_once(spark: SparkSession, table: Table, tmp_path: Path) -> None:
    batches = list(numbers(Numbers("Kiwi", 0, 1000)))
    table.commit(write_batches(table.root, SCHEMA, "fruit_class", batches, table.write_options), None)
    target = Table("doubled", Location.of(tmp_path / "doubled"), SCHEMA, "fruit_class")

    def double(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in rows:
            yield batch.set_column(2, "n", pa.array([2 * n for n in batch["n"].to_pylist()]))

    fragments = plan_fragments(spark.sparkContext, table, ["Kiwi"])
    assert len(fragments) > 1
    files = write_stage(spark.sparkContext, fragments, scan(table, SCHEMA.names, double, 64), target)
    target.commit(files, ["Kiwi"])
    assert sorted(target.read(["n"])["n"].to_pylist()) == list(range(0, 2000, 2))


def test_statistics_are_added_up(spark: SparkSession) -> None:
    assert aggregate_stage(spark.sparkContext, range(1000), lambda n: n, lambda one, other: one + other) == 499_500


def test_statistics_are_merged_in_the_order_of_the_tasks(spark: SparkSession) -> None:
    merged = aggregate_stage(spark.sparkContext, range(1000), lambda n: [n], lambda one, other: one + other)
    assert merged == list(range(1000))


def test_a_failing_task_says_what_its_code_said(spark: SparkSession) -> None:
    def fail(n: int) -> int:
        raise WarehouseError(f"row {n} is missing: write it")

    with pytest.raises(StageError, match=r"^row 7 is missing: write it"):
        aggregate_stage(spark.sparkContext, [7], fail, max)


def test_more_cores_take_more_partitions_at_once() -> None:
    assert [partitions_at_once(cores) for cores in (1, 2, 8, 16, 64, 112, 640)] == [3, 3, 3, 4, 10, 16, 16]
