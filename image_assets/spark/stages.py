"""Stages over tables: a driver that hands out work, tasks that read, compute and write, one commit at the end.

A task reads Parquet (or pictures), computes, and writes Parquet, all in its own Python process. Spark distributes the
tasks and repeats those that die; pixels never pass through the JVM or the driver. What a task returns is small: the
files it wrote, or statistics to be added up.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from math import ceil
from operator import itemgetter
from typing import TypeVar

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark import RDD, SparkContext
from pyspark.accumulators import Accumulator
from pyspark.errors import PySparkException

from image_assets.errors import ImageAssetsError, is_retryable_name, plain_message
from image_assets.warehouse.parquet import DataFile, write_batches
from image_assets.warehouse.reading import Fragment, read_fragment, read_rows, split_files
from image_assets.warehouse.table import Table

Task = TypeVar("Task")
Row = TypeVar("Row")
Statistic = TypeVar("Statistic")
Result = TypeVar("Result")
Batches = Iterator[pa.RecordBatch]
Kernel = Callable[[Batches], Batches]

TASKS_PER_CORE = 8
"""Tasks that a partition is divided into per core: enough that the last ones to finish leave no core idle for long."""
MIN_TASK_ROWS = 128
MAX_TASK_ROWS = 4096
FAN_IN = 4
"""Statistics that one task, or the driver, holds at once when they are added up."""


class StageError(ImageAssetsError):
    """A task failed as often as Spark repeats it; whether another run may succeed follows from what it said."""

    def __init__(self, reason: str, *, retryable: bool = True) -> None:
        super().__init__(reason)
        self.retryable = retryable


def plan_fragments(context: SparkContext, table: Table, partitions: Iterable[str] | None = None) -> list[Fragment]:
    """Divide partitions of a table into shares for tasks: small enough to balance, large enough to be worth one."""
    files = table.files(partitions)
    return split_files(files, rows_per_task(context, sum(file.rows for file in files)))


def rows_per_task(context: SparkContext, rows: int) -> int:
    """Return how many of so many rows one task should have."""
    return min(max(rows // max(1, context.defaultParallelism * TASKS_PER_CORE), MIN_TASK_ROWS), MAX_TASK_ROWS)


def scan(table: Table, columns: Sequence[str], kernel: Kernel, batch_rows: int) -> Callable[[Fragment], Batches]:
    """Return the work of a task that applies a kernel to columns of its share of a table."""
    root, partition_column = table.root, table.partition_column

    def produce(fragment: Fragment) -> Batches:
        return kernel(read_fragment(root, fragment, columns, partition_column, batch_rows))

    return produce


@dataclass(frozen=True)
class Pick:
    """Rows of a share of a file.

    Attributes:
        fragment: the share.
        paths: of the wanted rows; None wants them all. With paths the share is the whole file.
    """

    fragment: Fragment
    paths: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Rows:
    """What one task reads of a table and writes as one file."""

    picks: tuple[Pick, ...]

    @property
    def rows(self) -> int:
        """About how many rows it stands for."""
        return sum(pick.fragment.rows if pick.paths is None else len(pick.paths) for pick in self.picks)


def scan_rows(table: Table, columns: Sequence[str], kernel: Kernel, batch_rows: int) -> Callable[[Rows], Batches]:
    """Return the work of a task that applies a kernel to columns of chosen rows of a table."""
    root, partition_column = table.root, table.partition_column

    def read(pick: Pick) -> Batches:
        fragment = pick.fragment
        if pick.paths is None:
            return read_fragment(root, fragment, columns, partition_column, batch_rows)
        constants = {partition_column: fragment.partition}
        return read_rows(root, fragment.path, columns, constants, pick.paths, batch_rows=batch_rows)

    def produce(task: Rows) -> Batches:
        return kernel(chain.from_iterable(map(read, task.picks)))

    return produce


def write_stage(
    context: SparkContext,
    tasks: Sequence[Task],
    produce: Callable[[Task], Batches],
    target: Table,
    rows_done: Accumulator[int] | None = None,
) -> list[DataFile]:
    """Run tasks that each write what `produce` yields below the target table, and return the files for a commit.

    Args:
        context: Spark.
        tasks: one small picklable description each.
        produce: computes the batches of one task; runs in a Python worker.
        target: whose folder and schema the files belong to. It is not committed here.
        rows_done: counts the rows written while tasks finish.

    Raises:
        StageError: if a task fails for good, with the reason that its Python code gave.
    """
    root, schema, column, options = target.root, target.schema, target.partition_column, target.write_options

    def run(tasks_of_slice: Iterable[Task]) -> Iterator[DataFile]:
        for task in tasks_of_slice:
            files = write_batches(root, schema, column, produce(task), options)
            if rows_done is not None:
                rows_done.add(sum(file.rows for file in files))
            yield from files

    return gather_stage(context, tasks, run)


def gather_stage(
    context: SparkContext,
    tasks: Sequence[Task],
    work: Callable[[Iterable[Task]], Iterable[Result]],
    slices: int | None = None,
) -> list[Result]:
    """Run work on slices of the tasks and return what comes out, in the order of the tasks.

    For small results only: all of them come to the driver.

    Args:
        context: Spark.
        tasks: in the order that results are wanted in.
        work: consecutive tasks in, results out; runs in a Python worker.
        slices: into how many the tasks are divided; each task is one by default.

    Raises:
        StageError: if a task fails for good, with the reason that its Python code gave.
    """
    if not tasks:
        return []
    slices = min(len(tasks), slices or len(tasks))
    return guarded(lambda: context.parallelize(tasks, slices).mapPartitions(work).collect())


def aggregate_stage(
    context: SparkContext,
    tasks: Sequence[Task],
    partial: Callable[[Task], Statistic],
    merge: Callable[[Statistic, Statistic], Statistic],
) -> Statistic:
    """Compute a statistic per task and add them up as a tree, so that the driver receives a few of them only.

    Args:
        context: Spark.
        tasks: at least one.
        partial: the statistic of one task.
        merge: associative; may change and return its first argument. Called on neighbours in the order of the tasks,
            so that a sum of floats comes out the same every time.

    Raises:
        StageError: if a task fails for good, with the reason that its Python code gave.
    """
    slices = min(len(tasks), 4 * context.defaultParallelism)
    return merge_tree(
        context.parallelize(tasks, slices), lambda tasks_of_slice: reduce(merge, map(partial, tasks_of_slice)), merge
    )


def merge_tree(
    rows: "RDD[Row]",
    statistic: Callable[[Iterable[Row]], Statistic],
    merge: Callable[[Statistic, Statistic], Statistic],
) -> Statistic:
    """Take a statistic of the rows of each Spark partition and add them up as a tree, neighbours in their order.

    Sums of floats depend on their order: this one is the same every time, whichever partition is done first.

    Args:
        rows: in one partition or more, none of them empty where `statistic` needs a row.
        statistic: of the rows of one partition.
        merge: associative; may change and return its first argument.

    Raises:
        StageError: if a task fails for good, with the reason that its Python code gave.
    """

    def merge_in_order(group: Iterable[tuple[int, Statistic]]) -> Statistic:
        return reduce(merge, (found for _, found in sorted(group, key=itemgetter(0))))

    slices = rows.getNumPartitions()
    parts = rows.mapPartitionsWithIndex(lambda place, of_partition: iter([(place, statistic(of_partition))]))
    while slices > FAN_IN:
        slices = ceil(slices / FAN_IN)
        parts = parts.map(lambda part: (part[0] // FAN_IN, part)).groupByKey(slices).mapValues(merge_in_order)
    return merge_in_order(guarded(parts.collect))


def guarded(action: Callable[[], Result]) -> Result:
    """Run a Spark action, so that a task that fails for good is told by what its Python code said.

    Raises:
        StageError: with that reason.
    """
    try:
        return action()
    except (PySparkException, Py4JJavaError) as error:
        raise stage_error(error) from error


def stage_error(error: Exception) -> StageError:
    """Return what a failed job means: the reason, and whether it lies in the machines or in code and data."""
    name = _raised(error).split(":", 1)[0]
    return StageError(failure_reason(error), retryable=is_retryable_name(name))


def failure_reason(error: Exception) -> str:
    """Find what the Python code of a failed task said; the rest of the message is Spark's own plumbing."""
    return plain_message(_raised(error))


def _raised(error: Exception) -> str:
    raised = re.findall(
        r"^((?!org\.apache|java\.|py4j\.)[\w.]+(?:Error|Exception|Interrupt)\b.*)", str(error), re.MULTILINE
    )
    return str(raised[-1]) if raised else str(error).strip().split("\n", maxsplit=1)[0]
