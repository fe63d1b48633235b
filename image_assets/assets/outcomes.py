"""From outcomes of partitions to what Dagster records: events, metadata and one clear failure."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

from dagster import AssetExecutionContext, AssetMaterialization, DataVersion, Failure, MaterializeResult
from dagster._core.definitions.data_version import CODE_VERSION_TAG, DATA_VERSION_TAG

from image_assets.assets.metadata import counts_metadata
from image_assets.automation.tags import COMPUTED_TAG, PICTURES_TAG
from image_assets.errors import is_retryable
from image_assets.spark.side_by_side import Outcome
from image_assets.spark.updates import Changed

NOT_DESCRIBED = "the run ended before"
Metadata = Mapping[str, Any]
CHANGES = tuple(field.name for field in fields(Changed))


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
                finished.append((outcome, undescribed(outcome, NOT_DESCRIBED)))  # a stop may come while it is described
                finished[-1] = outcome, described(context, outcome, describe)
            else:
                context.log.error(f"{outcome.partition}: {outcome.error}")
                failed.append(outcome)
        if failed:
            raise failure_of(context, failed, len(finished))
    except BaseException as error:
        finished += [(outcome, undescribed(outcome, NOT_DESCRIBED)) for outcome in _rest(outcomes, error)]
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
    # The partition is committed: whatever goes wrong in describing it must not hide that it is.
    try:
        return {**counts_metadata(outcome), **describe(outcome)}
    except Exception as error:  # noqa: BLE001
        reason = f"{type(error).__name__}: {error}"
        context.log.warning(f"{outcome.partition}: it is committed, but cannot be described: {reason}")
        return undescribed(outcome, reason)


def undescribed(outcome: Outcome, reason: str) -> Metadata:
    """Return the little that is known of a finished partition without looking at its rows."""
    return {**counts_metadata(outcome), "delta_version": outcome.version, "not_described": reason}


def _rest(outcomes: Iterable[Outcome], error: BaseException) -> list[Outcome]:
    """Stop partitions that are being computed, and return those that were committed until then.

    Dagster raises a stop anywhere, also while a partition is described and others are being computed.
    """
    rest: list[Outcome] = []
    if isinstance(outcomes, Generator):
        with suppress(type(error), StopIteration):
            rest.append(outcomes.throw(error))
            while True:
                rest.append(next(outcomes))
    return rest


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
    line = f"{len(finished)} partitions, {sum(outcome.rows for outcome in finished):,} rows"
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


def code_version(context: AssetExecutionContext) -> str:
    """Return the version of the asset's code."""
    return context.assets_def.code_versions_by_key[context.asset_key] or ""
