"""Several partitions of a table at once, each a job and a commit of its own.

Partitions run side by side, so that the last tasks of one leave no core idle, and apart, so that one that fails
neither stops nor undoes the others.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pyspark import SparkContext, inheritable_thread_target
from pyspark.accumulators import Accumulator
from pyspark.sql import SparkSession

from image_assets.spark.stages import Batches, write_stage
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.table import Table

PARTITIONS_AT_ONCE = 3
PROGRESS_SECONDS = 0.5


class PlannedTask(Protocol):
    """A share of a partition."""

    @property
    def rows(self) -> int:
        """About how many rows it stands for."""


Task = TypeVar("Task", bound=PlannedTask)


@dataclass(frozen=True)
class Outcome:
    """What became of one partition.

    Attributes:
        partition: its value.
        files: what was written and committed.
        version: of the table after the commit; None if it failed.
        seconds: from start to commit.
        error: why it failed.
    """

    partition: str
    files: tuple[DataFile, ...] = ()
    version: int | None = None
    seconds: float = 0.0
    error: Exception | None = None

    @property
    def rows(self) -> int:
        """Rows that were committed."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True)
class RowCounter:
    """Rows that are written and rows that are expected, of all partitions together.

    Attributes:
        done: tasks add what they have written.
        planned: each plan adds what it will write.
    """

    done: Accumulator[int]
    planned: list[int] = field(default_factory=list)


Compute = Callable[[str, RowCounter], Sequence[DataFile]]
"""Writes the files of one partition and counts their rows."""


def replace_partitions(
    spark: SparkSession,
    target: Table,
    partitions: Sequence[str],
    plan: Callable[[str], Sequence[Task]],
    produce: Callable[[Task], Batches],
    *,
    expected_rows: int = 0,
    on_progress: Callable[[int, int], None] = lambda _done, _expected: None,
    commit_properties: Mapping[str, str] | None = None,
) -> Iterator[Outcome]:
    """Compute partitions of a table in one stage each; see `commit_partitions`.

    Args:
        spark: the session.
        target: the table that is written.
        partitions: values of its partition column.
        plan: divides one partition into tasks; runs in the driver.
        produce: computes the batches of one task; runs in a Python worker.
        expected_rows: how many rows the caller expects in all; 0 if only the plans will tell.
        on_progress: receives the rows written and the rows expected, about twice a second.
        commit_properties: recorded in the log of the table.
    """
    return commit_partitions(
        spark,
        target,
        partitions,
        in_one_stage(spark, target, plan, produce),
        expected_rows=expected_rows,
        on_progress=on_progress,
        commit_properties=commit_properties,
    )


def in_one_stage(
    spark: SparkSession,
    target: Table,
    plan: Callable[[str], Sequence[Task]],
    produce: Callable[[Task], Batches],
) -> Compute:
    """Return how a partition is computed whose tasks know nothing of each other."""

    def compute(partition: str, rows: RowCounter) -> list[DataFile]:
        tasks = plan(partition)
        rows.planned.append(sum(task.rows for task in tasks))
        return write_stage(spark.sparkContext, tasks, produce, target, rows.done)

    return compute


def commit_partitions(
    spark: SparkSession,
    target: Table,
    partitions: Sequence[str],
    compute: Compute,
    *,
    expected_rows: int = 0,
    on_progress: Callable[[int, int], None] = lambda _done, _expected: None,
    commit_properties: Mapping[str, str] | None = None,
) -> Iterator[Outcome]:
    """Compute partitions of a table and replace each by what was computed, in one commit per partition.

    Args:
        spark: the session.
        target: the table that is written.
        partitions: values of its partition column.
        compute: writes the files of one partition, by as many stages as it takes; runs in a thread of the driver.
        expected_rows: how many rows the caller expects in all; 0 if only the plans will tell.
        on_progress: receives the rows written and the rows expected, about twice a second.
        commit_properties: recorded in the log of the table.

    Yields:
        An outcome per partition, in the order in which they end.
    """
    context = spark.sparkContext
    rows = RowCounter(context.accumulator(0))

    def run(partition: str) -> Outcome:
        started = time.monotonic()
        # Whatever goes wrong in one partition is its outcome; the others go on.
        try:
            files = compute(partition, rows)
            version = target.commit(files, [partition], commit_properties)
        except Exception as error:  # noqa: BLE001
            return Outcome(partition, seconds=time.monotonic() - started, error=error)
        return Outcome(partition, tuple(files), version, time.monotonic() - started)

    inherit = inheritable_thread_target(spark)
    with ThreadPoolExecutor(PARTITIONS_AT_ONCE) as pool:
        waiting: set[Future[Outcome]] = {pool.submit(inherit(run), partition) for partition in partitions}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
                # Outcomes first: the listener may end the run, and what is committed must be on record then.
                yield from (future.result() for future in done)
                on_progress(rows.done.value, max(expected_rows, sum(rows.planned)))
        except GeneratorExit:
            _stop(context, waiting)
            raise
        except BaseException:
            # What was being committed when the stop came is an outcome like the others.
            ended = _stop(context, waiting)
            yield from (outcome for outcome in ended if outcome.error is None)
            raise


def _stop(context: SparkContext, futures: Iterable[Future[Outcome]]) -> list[Outcome]:
    """Cancel partitions that have not begun and the jobs of those that have, and return how the latter ended."""
    running = {future for future in futures if not future.cancel()}
    ended: list[Outcome] = []
    while running:
        context.cancelAllJobs()  # again, since a partition may have started a job since
        done, running = wait(running, timeout=PROGRESS_SECONDS)
        ended += [future.result() for future in done]
    return ended
