"""From outcomes of partitions to what Dagster records: events, metadata and one clear failure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dagster import AssetExecutionContext, AssetMaterialization, DataVersion, Failure, MaterializeResult
from dagster._core.definitions.data_version import CODE_VERSION_TAG, DATA_VERSION_TAG

from image_assets.assets.metadata import counts_metadata, preview, speed_metadata
from image_assets.errors import ImageAssetsError, WarehouseError
from image_assets.fruits.balance import unavailable
from image_assets.progress import Progress
from image_assets.resources.spark import SparkResource
from image_assets.spark.partitions import Outcome, Task, replace_partitions
from image_assets.spark.stages import Batches, Kernel, plan_fragments, scan
from image_assets.warehouse.reading import Fragment
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

Metadata = Mapping[str, Any]


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


def report_outcomes(
    context: AssetExecutionContext,
    outcomes: Iterable[Outcome],
    describe: Callable[[Outcome], Metadata],
) -> MaterializeResult[Any]:
    """Record each partition with its metadata.

    Where partitions fail, the others are recorded as materialized all the same: they are committed and complete.

    Args:
        context: of the asset.
        outcomes: as they come.
        describe: metadata of one finished partition.

    Raises:
        Failure: naming each partition that failed and why.
    """
    finished: list[tuple[Outcome, Metadata]] = []
    failed: list[Outcome] = []
    try:
        for outcome in outcomes:
            if outcome.error is None:
                finished.append((outcome, describe(outcome)))
            else:
                context.log.error(f"{outcome.partition}: {outcome.error}")
                failed.append(outcome)
        if failed:
            raise failure_of(context, failed, len(finished))
    except BaseException:
        tags = version_tags(context, [outcome for outcome, _ in finished])
        for outcome, metadata in finished:
            context.log_event(
                AssetMaterialization(context.asset_key, partition=outcome.partition, metadata=dict(metadata), tags=tags)
            )
        raise
    for outcome, metadata in finished:
        context.add_asset_metadata(dict(metadata), partition_key=outcome.partition)
    context.log.info(f"{len(finished)} partitions, {sum(outcome.rows for outcome, _ in finished):,} rows")
    return MaterializeResult(data_version=data_version([outcome for outcome, _ in finished]))


def data_version(finished: Sequence[Outcome]) -> DataVersion:
    """Return the version of the table after the last commit of a run."""
    return DataVersion(str(max((outcome.version or 0 for outcome in finished), default=0)))


def version_tags(context: AssetExecutionContext, finished: Sequence[Outcome]) -> dict[str, str]:
    """Return the tags that Dagster itself gives to materializations it records."""
    return {DATA_VERSION_TAG: data_version(finished).value, CODE_VERSION_TAG: code_version(context)}


def failure_of(context: AssetExecutionContext, failed: Sequence[Outcome], n_finished: int) -> Failure:
    """Describe failed partitions; what will fail again in the same way is not retried."""
    reasons = "\n".join(f"- {outcome.partition}: {outcome.error}" for outcome in failed)
    return Failure(
        f"{context.asset_key.to_user_string()}: {len(failed)} of {len(failed) + n_finished} partitions failed; the "
        f"others are committed.\n{reasons}",
        metadata={"failed_partitions": [outcome.partition for outcome in failed]},
        allow_retries=not all(isinstance(outcome.error, ImageAssetsError) for outcome in failed),
    )


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
    plan: Callable[[str], Sequence[Task]],
    produce: Callable[[Task], Batches],
    *,
    describe: Callable[[Outcome], Metadata],
    configuration: Metadata,
    expected_rows: int = 0,
) -> MaterializeResult[Any]:
    """Compute the classes of the run and record what came of each.

    Args:
        context: of the asset.
        spark: the session.
        progress: hears of the stage.
        target: the table of the asset.
        plan: divides a class into tasks.
        produce: computes the batches of a task, in a Python worker.
        describe: metadata of one finished class, besides counts and speed.
        configuration: what every class is computed with, as JSON values; recorded with each and in the Delta log.
        expected_rows: of all classes together, if known.
    """
    classes = requested_classes(context)
    known = provenance(context, configuration)
    with StageProgress(progress, target.name) as on_progress:
        outcomes = replace_partitions(
            spark.session,
            target,
            classes,
            plan,
            produce,
            expected_rows=expected_rows,
            on_progress=on_progress,
            commit_properties={"dagster_run": context.run.run_id, "configuration": json.dumps(dict(configuration))},
        )
        return report_outcomes(
            context,
            outcomes,
            lambda outcome: {
                **counts_metadata(outcome),
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
) -> MaterializeResult[Any]:
    """Apply a kernel to columns of one table and replace the classes of the run in another; see `materialize_classes`.

    A class that the first table should hold and does not fails, so that what the other one has of it is kept.
    """
    source, target = warehouse.table(tables[0]), warehouse.table(tables[1])
    classes = requested_classes(context)
    absent = set(unavailable(warehouse, source.name, classes))
    session = spark.session

    def plan(fruit_class: str) -> list[Fragment]:
        if fruit_class in absent:
            raise WarehouseError(f"{source.name} does not hold the class: materialize {source.name} for it first")
        return plan_fragments(session.sparkContext, source, [fruit_class])

    return materialize_classes(
        context,
        spark,
        progress,
        target,
        plan,
        scan(source, columns, kernel, batch_rows),
        describe=describe,
        expected_rows=sum(found.rows for found in source.counts(classes).values()),
        configuration={**configuration, f"{source.name}_version": source.version()},
    )


def provenance(context: AssetExecutionContext, configuration: Metadata) -> dict[str, Any]:
    """Return what a result can be traced by: its configuration, the digest of that, and the version of the code."""
    text = json.dumps(dict(configuration), sort_keys=True)
    return {
        "configuration": dict(configuration),
        "configuration_digest": hashlib.sha256(text.encode()).hexdigest()[:12],
        "code_version": code_version(context),
    }


def code_version(context: AssetExecutionContext) -> str:
    """Return the version of the asset's code."""
    return context.assets_def.code_versions_by_key[context.asset_key] or ""
