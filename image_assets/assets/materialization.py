"""From outcomes of partitions to what Dagster records: events, metadata and one clear failure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from dagster import AssetExecutionContext, AssetMaterialization, DataVersion, Failure, MaterializeResult
from dagster._core.definitions.data_version import CODE_VERSION_TAG, DATA_VERSION_TAG

from image_assets.assets.metadata import counts_metadata, preview, speed_metadata
from image_assets.automation.tags import COMPUTED_TAG, PICTURES_TAG, RECOMPUTE_TAG, is_true
from image_assets.errors import WarehouseError, is_retryable
from image_assets.fruits.balance import unavailable
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.spark.partitions import Outcome, replace_partitions
from image_assets.spark.reuse import Reuse
from image_assets.spark.stages import Batches, Kernel, Rows, scan_rows
from image_assets.spark.updates import Changed, Task, Update
from image_assets.warehouse.recipes import recipe_name, recipes_of
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

Metadata = Mapping[str, Any]
CHANGES = tuple(field.name for field in fields(Changed))


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
                finished.append((outcome, described(context, outcome, describe)))
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
    log_totals(context, [outcome for outcome, _ in finished])
    tag_run(context, [outcome for outcome, _ in finished])
    return MaterializeResult(data_version=data_version([outcome for outcome, _ in finished]))


def described(context: AssetExecutionContext, outcome: Outcome, describe: Callable[[Outcome], Metadata]) -> Metadata:
    """Return the metadata of a finished partition; where its pictures cannot be drawn, counts and the reason."""
    counts = counts_metadata(outcome)
    # The partition is committed: whatever goes wrong in describing it must not hide that it is.
    try:
        return {**counts, **describe(outcome)}
    except Exception as error:  # noqa: BLE001
        reason = f"{type(error).__name__}: {error}"
        context.log.warning(f"{outcome.partition}: it is committed, but cannot be described: {reason}")
        return {**counts, "delta_version": outcome.version, "not_described": reason}


def tag_run(context: AssetExecutionContext, finished: Sequence[Outcome]) -> None:
    """Note the numbers of pictures in the tags of the run, where lists of runs show them."""
    table = context.asset_key.to_user_string()
    if table == "raw_images":
        tags = {PICTURES_TAG: str(sum(outcome.rows for outcome in finished))}
    elif table == "cnn_features":
        tags = {COMPUTED_TAG: str(sum(outcome.changed.computed for outcome in finished if outcome.changed))}
    else:
        return
    context.instance.add_run_tags(context.run.run_id, tags)


def log_totals(context: AssetExecutionContext, finished: Sequence[Outcome]) -> None:
    """Write one line about all partitions of the run."""
    line = f"{len(finished)} classes, {sum(outcome.rows for outcome in finished):,} rows"
    changes = [outcome.changed for outcome in finished if outcome.changed]
    if changes:
        total = {name: sum(getattr(change, name) for change in changes) for name in CHANGES}
        line += ": " + ", ".join(f"{total[name]:,} {name}" for name in CHANGES)
    context.log.info(line)


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
        allow_retries=any(outcome.error is not None and is_retryable(outcome.error) for outcome in failed),
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
            commit_properties={
                "dagster_run": context.run.run_id,
                "configuration": json.dumps(dict(configuration)),
                **{name: str(version) for name, version in (read or {}).items()},
            },
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


def code_version(context: AssetExecutionContext) -> str:
    """Return the version of the asset's code."""
    return context.assets_def.code_versions_by_key[context.asset_key] or ""
