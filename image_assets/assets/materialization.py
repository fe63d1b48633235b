"""Partitions of a run computed from tables, and recorded with what they were computed with."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from dagster import AssetExecutionContext, Failure, MaterializeResult

from image_assets.assets.metadata import preview, speed_metadata
from image_assets.assets.outcomes import Metadata, code_version, report_outcomes
from image_assets.automation.tags import RECOMPUTE_TAG, is_true
from image_assets.errors import WarehouseError
from image_assets.fruits.balance import unavailable
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.spark.partitions import replace_partitions
from image_assets.spark.reuse import Reuse
from image_assets.spark.side_by_side import Outcome
from image_assets.spark.stages import Batches, Kernel, Rows, scan_rows
from image_assets.spark.updates import Task, Update
from image_assets.warehouse.recipes import recipe_name, recipes_of
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse


def requested_classes(context: AssetExecutionContext) -> list[str]:
    """Return the partition keys of the run.

    Raises:
        Failure: if there are none, as for a range written backwards.
    """
    keys = list(context.partition_keys)
    if not keys:
        raise Failure(
            f"the run of {context.asset_key.to_user_string()} has no partitions: a range is written first...last in "
            "the order in which the classes are registered (see `image-assets classes`)",
            allow_retries=False,
        )
    return keys


class StageProgress:
    """Brackets a stage, so that its progress ends however the stage ends."""

    def __init__(self, progress: Progress, stage: str) -> None:
        self._progress, self._stage = progress, stage

    def __enter__(self) -> Callable[[int, int], None]:
        self._progress.start(self._stage)
        return self._progress.report

    def __exit__(self, *_: object) -> None:
        self._progress.finish()


def materialize_classes(
    context: AssetExecutionContext,
    spark: SparkResource,
    progress: Progress,
    target: Table,
    plan: Callable[[str], Sequence[Task] | Update[Task]],
    produce: Callable[[Task], Batches],
    *,
    describe: Callable[[Outcome], Metadata],
    configuration: Metadata,
    read: Metadata | None = None,
    expected_rows: int = 0,
) -> MaterializeResult[Any]:
    """Compute the classes of the run and record what came of each.

    Args:
        context: of the asset.
        spark: the session.
        progress: hears of the stage.
        target: the table of the asset.
        plan: divides a class into tasks, or says what is to be changed in it.
        produce: computes the batches of a task, in a Python worker.
        describe: metadata of one finished class, besides counts and speed.
        configuration: what every class is computed with, as JSON values; recorded with each and in the Delta log.
        read: versions of what was read, by name; recorded likewise, and no part of the configuration.
        expected_rows: of all classes together, if known.
    """
    classes = requested_classes(context)
    known = provenance(context, configuration, read)
    with StageProgress(progress, target.name) as on_progress:
        outcomes = replace_partitions(
            spark.session,
            target,
            classes,
            plan,
            produce,
            expected_rows=expected_rows,
            on_progress=on_progress,
            commit_properties=commit_properties(context, configuration, read),
        )
        return report_outcomes(
            context,
            outcomes,
            lambda outcome: {
                **describe(outcome),
                **speed_metadata(outcome, target),
                **preview(target, outcome.partition),
                **known,
            },
        )


def transform_classes(
    context: AssetExecutionContext,
    spark: SparkResource,
    progress: Progress,
    warehouse: Warehouse,
    tables: tuple[str, str],
    columns: Sequence[str],
    kernel: Kernel,
    *,
    describe: Callable[[Outcome], Metadata],
    configuration: Metadata,
    batch_rows: int = 256,
    reuse: ReuseResource | None = None,
    recipe: Metadata | None = None,
    inherited: Sequence[str] | None = None,
) -> MaterializeResult[Any]:
    """Apply a kernel to columns of one table and replace the classes of the run in another; see `materialize_classes`.

    A class that the first table should hold and does not fails, so that what the other one has of it is kept. Pictures
    that the second table has already are not computed again.

    Args:
        context: of the asset.
        spark: the session.
        progress: hears of the stage.
        warehouse: that holds both tables.
        tables: the one that is read and the one that is written.
        columns: that the kernel takes.
        kernel: computes rows from rows.
        describe: metadata of one finished class, besides counts and speed.
        configuration: what every class is computed with.
        batch_rows: rows that the kernel takes at once.
        reuse: whether everything is computed anew.
        recipe: what of the configuration changes the result, and not only the speed; all of it by default.
        inherited: tables whose recipes the result depends on; the one that is read by default.
    """
    source, target = warehouse.table(tables[0]), warehouse.table(tables[1])
    classes = requested_classes(context)
    absent = set(unavailable(warehouse, source.name, classes))
    values = configuration if recipe is None else recipe
    tables_before = [warehouse.table(name) for name in ([source.name] if inherited is None else inherited)]
    upstream = [(table, table.files_by_partition(classes)) for table in tables_before]

    def recipe_of(fruit_class: str) -> str:
        found = {name for table, files in upstream for name in recipes_of(table, files[fruit_class])}
        return recipe_name(target.name, code_version(context), values, found)

    plans = Reuse(
        spark.session.sparkContext, source, target, recipe_of, classes, recompute=recompute_asked(context, reuse)
    )

    def plan(fruit_class: str) -> Update[Rows]:
        if fruit_class in absent:
            raise WarehouseError(f"{source.name} does not hold the class: materialize {source.name} for it first")
        return plans.plan(fruit_class)

    return materialize_classes(
        context,
        spark,
        progress,
        target,
        plan,
        scan_rows(source, columns, kernel, batch_rows),
        describe=describe,
        expected_rows=sum(found.rows for found in source.counts(classes).values()),
        configuration=configuration,
        read={f"{source.name}_version": source.version()},
    )


def recompute_asked(context: AssetExecutionContext, reuse: ReuseResource | None) -> bool:
    """Whether everything is to be computed anew: by the tag of the run, else by the resource."""
    tag = is_true(context.run.tags, RECOMPUTE_TAG)
    return bool(reuse and reuse.recompute) if tag is None else tag


def provenance(context: AssetExecutionContext, configuration: Metadata, read: Metadata | None = None) -> dict[str, Any]:
    """Return what a result can be traced by.

    Its configuration, the digest of that, the versions of what was read, and the version of the code.
    """
    text = json.dumps(dict(configuration), sort_keys=True)
    return {
        "configuration": dict(configuration),
        "configuration_digest": hashlib.sha256(text.encode()).hexdigest()[:12],
        **(read or {}),
        "code_version": code_version(context),
    }


def commit_properties(
    context: AssetExecutionContext, configuration: Metadata, read: Metadata | None = None
) -> dict[str, str]:
    """Return what a commit records: its run, its configuration and the versions of what was read."""
    return {
        "dagster_run": context.run.run_id,
        "configuration": json.dumps(dict(configuration)),
        **{name: str(version) for name, version in (read or {}).items()},
    }
