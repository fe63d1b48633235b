"""Partitions of a table: computed as a whole, changed where the source has changed, or left as they are."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pyspark import SparkContext
from pyspark.accumulators import Accumulator
from pyspark.sql import SparkSession

from image_assets.errors import StalePlanError
from image_assets.spark.side_by_side import Outcome, RowCounter, side_by_side
from image_assets.spark.stages import Batches, write_stage
from image_assets.spark.updates import Changed, Task, Update
from image_assets.warehouse.copying import Copies, copy_rows
from image_assets.warehouse.parquet import DataFile, delete_files
from image_assets.warehouse.recipes import recipes_of
from image_assets.warehouse.table import Table

PLAN_ATTEMPTS = 3
"""Plans of one partition, each made anew because another writer has changed the partition meanwhile."""

Compute = Callable[[Table, str, RowCounter], Sequence[DataFile]]
"""Writes the files of one partition of a table and counts their rows."""


@dataclass(frozen=True)
class Unchanged:
    """When a partition that is computed as a whole stays as it is.

    Its files tell the recipe and, behind a point, an edition, which is a new one whenever it is computed: what is
    computed from it then follows.

    Attributes:
        recipe: names what a partition is computed with and from; see `image_assets.warehouse.recipes`.
        intact: whether what belongs to a partition beside the table is there.
        recompute: compute everything, whatever is there.
    """

    recipe: Callable[[str], str]
    intact: Callable[[str], bool] = lambda _: True
    recompute: bool = False

    def holds(self, target: Table, partition: str, files: Sequence[DataFile], recipe: str) -> bool:
        """Return whether these files of a partition are what would be computed."""
        found = {str(name).partition(".")[0] for name in recipes_of(target, files)}
        return found == {recipe} and not self.recompute and self.intact(partition)


def replace_partitions(
    spark: SparkSession,
    target: Table,
    partitions: Sequence[str],
    plan: Callable[[str], Sequence[Task] | Update[Task]],
    produce: Callable[[Task], Batches],
    *,
    expected_rows: int = 0,
    on_progress: Callable[[int, int], None] = lambda _done, _expected: None,
    commit_properties: Mapping[str, str] | None = None,
) -> Iterator[Outcome]:
    """Compute partitions of a table in one stage each, or what has to change in them, in one commit per partition.

    Args:
        spark: the session.
        target: the table that is written.
        partitions: values of its partition column.
        plan: divides one partition into tasks, or says what is to be changed in it; runs in the driver.
        produce: computes the batches of one task; runs in a Python worker.
        expected_rows: how many rows the caller expects in all; 0 if only the plans will tell.
        on_progress: receives the rows written and the rows expected, about twice a second.
        commit_properties: recorded in the log of the table.

    Yields:
        An outcome per partition, in the order in which they end.
    """
    context = spark.sparkContext

    def change(partition: str, rows: RowCounter, attempts: int = PLAN_ATTEMPTS) -> Outcome:
        update = plan(partition)
        if not isinstance(update, Update):
            rows.planned.append(sum(task.rows for task in update))
            files = tuple(write_stage(context, update, produce, target, rows.done))
            return Outcome(partition, files, target.commit(files, [partition], commit_properties))
        rows.planned.append(update.rows)
        rows.kept.append(sum(file.rows for file in update.kept))
        try:
            files, version = _apply_update(context, target, partition, update, produce, rows.done, commit_properties)
        except StalePlanError:
            if attempts == 1:
                raise
            return change(partition, rows, attempts - 1)
        changed = Changed(sum(file.rows for file in files) - update.copied_rows, update.reused, update.removed)
        return Outcome(partition, (*update.kept, *files), version, changed=changed)

    return side_by_side(spark, target.name, partitions, change, expected_rows, on_progress)


def in_one_stage(
    spark: SparkSession, plan: Callable[[str], Sequence[Task]], produce: Callable[[Task], Batches]
) -> Compute:
    """Return how a partition is computed whose tasks know nothing of each other."""

    def compute(target: Table, partition: str, rows: RowCounter) -> list[DataFile]:
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
    unchanged: Unchanged | None = None,
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
        unchanged: when a partition stays as it is; all are computed without it.
        expected_rows: how many rows the caller expects in all; 0 if only the plans will tell.
        on_progress: receives the rows written and the rows expected, about twice a second.
        commit_properties: recorded in the log of the table.

    Yields:
        An outcome per partition, in the order in which they end.
    """

    def replaced(stamped: Table, partition: str, rows: RowCounter) -> Outcome:
        files = tuple(compute(stamped, partition, rows))
        return Outcome(partition, files, target.commit(files, [partition], commit_properties))

    def change(partition: str, rows: RowCounter) -> Outcome:
        if unchanged is None:
            return replaced(target, partition, rows)
        recipe, files = unchanged.recipe(partition), tuple(target.files([partition]))
        if unchanged.holds(target, partition, files, recipe):
            kept = sum(file.rows for file in files)
            rows.planned.append(kept)
            rows.kept.append(kept)
            return Outcome(partition, files, target.version(), changed=Changed(reused=kept))
        outcome = replaced(target.with_recipe(f"{recipe}.{uuid.uuid4().hex[:8]}"), partition, rows)
        return replace(outcome, changed=Changed(computed=outcome.rows))

    return side_by_side(spark, target.name, partitions, change, expected_rows, on_progress)


def _apply_update(
    context: SparkContext,
    target: Table,
    partition: str,
    update: Update[Task],
    produce: Callable[[Task], Batches],
    rows_done: Accumulator[int] | None = None,
    properties: Mapping[str, str] | None = None,
) -> tuple[tuple[DataFile, ...], int | None]:
    """Carry out the change of one partition in one commit, none if there is nothing to change.

    Returns:
        The files that were written, and the version of the table.

    Raises:
        StageError: if a task fails for good.
        StalePlanError: if another writer has changed the partition since the change was planned.
    """
    if update.is_empty and target.exists():
        return (), target.version()
    recipe = target.with_recipe(update.recipe)

    def work(task: Task | Copies) -> Batches:
        return copy_rows(target, task) if isinstance(task, Copies) else produce(task)

    tasks: list[Task | Copies] = [*update.tasks, *update.copies]
    files = write_stage(context, tasks, work, recipe, rows_done)
    try:
        version = target.exchange(
            files,
            update.replaced,
            partition=partition,
            base=update.base,
            properties=properties,
            same_rows=update.same_rows,
        )
    except StalePlanError:
        delete_files(target.root, [file.path for file in files])
        raise
    return tuple(files), version
