"""The job `vacuum`: small files are gathered, and files that no table needs any more are deleted.

See https://docs.dagster.io/guides/build/ops-jobs.
"""

from typing import Any

from dagster import Config, JobDefinition, MetadataValue, OpExecutionContext, Output, TableRecord, job, op
from pydantic import Field

from image_assets.contracts import TABLES
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.settings import Settings
from image_assets.spark.compaction import MIN_FILES, compact
from image_assets.warehouse.table import Table


def vacuum_job(settings: Settings) -> JobDefinition:
    """Return the job, with the retention of the settings as its default."""

    class VacuumConfig(Config):
        """What is tidied up, and what is kept."""

        retention_hours: int = Field(
            settings.retention_hours,
            ge=0,
            description=(
                "Files that left a table less than so many hours ago are kept, for runs that still read them and for "
                "looks at earlier versions. Less than the longest run is dangerous while something runs."
            ),
        )
        compact: bool = Field(True, description="Gather small files into larger ones first.")
        min_files: int = Field(
            MIN_FILES, ge=2, description="Small files that a class must have in a table before they are gathered."
        )
        tables: list[str] = Field([], description="Names of tables; empty for all that there are.")

    @op(pool="spark", description="Gathers small files, then deletes those that no recent version of a table names.")
    def vacuum_tables(
        context: OpExecutionContext, config: VacuumConfig, spark: SparkResource, warehouse: WarehouseResource
    ) -> Output[None]:
        opened = warehouse.open()
        rows = []
        for name in config.tables or sorted(TABLES):
            table = opened.table(name)
            if table.exists():
                gathered = _gather(context, spark, table, config.min_files) if config.compact else 0
                deleted = len(table.vacuum(config.retention_hours))
                context.log.info(f"{name}: files of {gathered} partitions gathered, {deleted} files deleted")
                record: dict[str, Any] = {"table": name, "partitions_gathered": gathered, "files_deleted": deleted}
                rows.append(TableRecord({**record, "files": len(table.files())}))
        deleted_files = sum(int(str(row.data["files_deleted"])) for row in rows)
        metadata = {"tables": MetadataValue.table(rows)} if rows else {}
        return Output(None, metadata={"files_deleted": deleted_files, **metadata})

    @job(
        name="vacuum",
        description="Gathers small files of the tables and deletes files that no version of the last days needs.",
    )
    def vacuum() -> None:
        vacuum_tables()

    return vacuum


def _gather(context: OpExecutionContext, spark: SparkResource, table: Table, min_files: int) -> int:
    done = 0
    for outcome in compact(spark.session, table, min_files):
        if outcome.error is None:
            done += 1
        else:  # the files stay as they are, and the table with them
            context.log.warning(f"{table.name}, {outcome.partition}: not gathered: {outcome.error}")
    return done
