"""Several partitions of a table at once, each a job and a commit of its own.

Partitions run side by side, so that the last tasks of one leave no core idle, and apart, so that one that fails
neither stops nor undoes the others.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from pyspark import SparkContext, inheritable_thread_target
from pyspark.accumulators import Accumulator
from pyspark.sql import SparkSession

from image_assets.spark.updates import Changed
from image_assets.warehouse.parquet import DataFile

FEWEST_AT_ONCE, MOST_AT_ONCE = 3, 16
"""Partitions side by side: more of them crowd the driver's memory and the log, where their commits wait in line."""
CORES_PER_PARTITION = 8
"""A class of a thousand pictures has eight tasks (`MIN_TASK_ROWS`), and keeps no more cores busy."""
PROGRESS_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """What became of one partition.

    Attributes:
        partition: its value.
        files: what the partition has after the commit.
        version: of the table after the commit, or the present one if there was nothing to commit; None if it failed.
        seconds: from start to commit.
        error: why it failed.
        changed: how many pictures were computed and reused; None where a partition is always computed as a whole.
    """

    partition: str
    files: tuple[DataFile, ...] = ()
    version: int | None = None
    seconds: float = 0.0
    error: Exception | None = None
    changed: Changed | None = None

    @property
    def rows(self) -> int:
        """Rows of the partition."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True)
class RowCounter:
    """Rows that are written and rows that are expected, of all partitions together.

    Attributes:
        done: tasks add what they have written.
        planned: each plan adds what it will write, and what is there already.
        kept: each plan adds what stays where it is.
    """

    done: Accumulator[int]
    planned: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    @property
    def so_far(self) -> int:
        """Rows that are written or stay."""
        return self.done.value + sum(self.kept)


Change = Callable[[str, RowCounter], Outcome]
"""Computes and commits one partition; raises where it fails."""


def partitions_at_once(cores: int) -> int:
    """Return how many partitions run side by side: enough for all cores of small classes, and two for the gaps."""
    return min(max(cores // CORES_PER_PARTITION + 2, FEWEST_AT_ONCE), MOST_AT_ONCE)


def side_by_side(
    spark: SparkSession,
    name: str,
    partitions: Sequence[str],
    change: Change,
    expected_rows: int,
    on_progress: Callable[[int, int], None],
) -> Iterator[Outcome]:
    """Compute and commit partitions, several at once, and yield an outcome per partition in the order they end in.

    Args:
        spark: the session.
        name: of the table, for the tag of the jobs.
        partitions: values of its partition column.
        change: computes and commits one; called in a thread of the driver.
        expected_rows: how many rows the caller expects in all; 0 if only the plans will tell.
        on_progress: receives the rows written and the rows expected, about twice a second.

    An exception, of `on_progress` or thrown into the generator, stops what runs: what was committed until then is
    still yielded, before the exception is raised again.
    """
    context = spark.sparkContext
    rows = RowCounter(context.accumulator(0))
    tag = f"{name}-{uuid.uuid4().hex}"

    def run(partition: str) -> Outcome:
        started = time.monotonic()
        # Whatever goes wrong in one partition is its outcome; the others go on.
        try:
            context.addJobTag(tag)
            outcome = change(partition, rows)
        except Exception as error:  # noqa: BLE001
            outcome = Outcome(partition, error=error)
        return replace(outcome, seconds=time.monotonic() - started)

    inherit = inheritable_thread_target(spark)
    with ThreadPoolExecutor(partitions_at_once(context.defaultParallelism)) as pool:
        waiting: set[Future[Outcome]] = {pool.submit(inherit(run), partition) for partition in partitions}
        ready: deque[Outcome] = deque()
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
                ready.extend(future.result() for future in done)
                # Outcomes first: the listener may end the run, and what is committed must be on record then.
                while ready:
                    yield ready.popleft()
                on_progress(rows.so_far, max(expected_rows, sum(rows.planned)))
        except GeneratorExit:
            _stop(context, tag, waiting)
            raise
        except BaseException:
            # What was being committed when the stop came is an outcome like the others.
            ended = [*ready, *_stop(context, tag, waiting)]
            yield from (outcome for outcome in ended if outcome.error is None)
            raise


def _stop(context: SparkContext, tag: str, futures: Iterable[Future[Outcome]]) -> list[Outcome]:
    """Cancel partitions that have not begun and the jobs of those that have, and return how the latter ended.

    Only jobs with the tag are cancelled: others may share the session.
    """
    running = {future for future in futures if not future.cancel()}
    ended: list[Outcome] = []
    while running:
        context.cancelJobsWithTag(tag)  # again, since a partition may have started a job since
        done, running = wait(running, timeout=PROGRESS_SECONDS)
        ended += [future.result() for future in done]
    return ended
