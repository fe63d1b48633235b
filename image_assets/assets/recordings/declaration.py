"""How the assets of the recordings chain are declared, and how they go through the recordings of a run."""

from collections.abc import Callable, Sequence
from typing import Any

from dagster import AssetExecutionContext, BackfillPolicy, MaterializeResult

from image_assets.assets.fruits.declaration import unpartitioned
from image_assets.assets.materialization import materialize_classes
from image_assets.assets.metadata import table_schema
from image_assets.assets.outcomes import Metadata
from image_assets.automation.partitions import recording_partitions
from image_assets.contracts import TABLES
from image_assets.errors import WarehouseError
from image_assets.progress import Progress
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.spark import SparkResource
from image_assets.spark.side_by_side import Outcome
from image_assets.spark.stages import Batches
from image_assets.spark.updates import Task, Update
from image_assets.warehouse.warehouse import Warehouse

GROUP = "recordings"


def partitioned(kinds: set[str], code_version: str) -> dict[str, Any]:
    """Return the arguments of `@asset` for one with a partition per recording."""
    return {
        **unpartitioned(kinds, code_version, GROUP),
        "partitions_def": recording_partitions,
        # One run, one Spark session for a whole range of recordings.
        "backfill_policy": BackfillPolicy.single_run(),
    }


def tabular(table: str, kinds: set[str], code_version: str) -> dict[str, Any]:
    """Return the arguments of `@asset` for a table partitioned by recording."""
    return {
        **partitioned({"spark", "deltalake", *kinds}, code_version),
        "metadata": {"dagster/column_schema": table_schema(TABLES[table])},
    }


def materialize_recordings(
    context: AssetExecutionContext,
    spark: SparkResource,
    progress: Progress,
    warehouse: Warehouse,
    source: RecordingsResource,
    tables: tuple[str | None, str],
    plan: Callable[[str], Sequence[Task] | Update[Task]],
    produce: Callable[[Task], Batches],
    *,
    options: set[str],
    describe: Callable[[Outcome], Metadata] = lambda _: {},
) -> MaterializeResult[Any]:
    """Compute the recordings of the run, each with its own options, and record what came of each.

    Args:
        context: of the asset.
        spark: the session.
        progress: hears of the stage.
        warehouse: the tables.
        source: the recordings, and the options of those that say nothing of themselves.
        tables: the one that is read, if any, and the one that is written.
        plan: divides a recording into tasks, or says what is to be changed in it.
        produce: computes the batches of a task, in a Python worker.
        options: which of a recording's options decide what is computed; recorded with it.
        describe: metadata of one finished recording, besides counts, speed and options.
    """
    upstream, target = tables

    def plan_available(recording: str) -> Sequence[Task] | Update[Task]:
        if upstream is not None and warehouse.table(upstream).counts([recording])[recording].rows == 0:
            raise WarehouseError(f"{upstream} does not hold the recording: materialize {upstream} for it first")
        return plan(recording)

    def describe_all(outcome: Outcome) -> Metadata:
        chosen = source.options(warehouse, outcome.partition).model_dump(mode="json", include=options)
        return {**describe(outcome), **({"options": chosen} if chosen else {})}

    version = {} if upstream is None else {f"{upstream}_version": warehouse.table(upstream).version()}
    return materialize_classes(
        context,
        spark,
        progress,
        warehouse.table(target),
        plan_available,
        produce,
        describe=describe_all,
        configuration={"source": source.address, **source.defaults.model_dump(mode="json", include=options)},
        read=version,
    )
