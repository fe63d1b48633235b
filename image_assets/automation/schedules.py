"""The schedules: stopped until somebody starts them, in the UI or with `dagster schedule start NAME`.

See https://docs.dagster.io/guides/automate/schedules.
"""

from collections.abc import Mapping, Sequence

from dagster import (
    JobDefinition,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from image_assets.automation.jobs import fruits_job, fruits_refit_job
from image_assets.automation.nothing_to_do import Night
from image_assets.automation.partitions import FRUIT_CLASS, range_tags
from image_assets.automation.tags import NIGHT_TAG, PICTURES_TAG, REASON_TAG
from image_assets.errors import SourceError
from image_assets.resources.runs import end_abandoned_runs, unfinished_run
from image_assets.resources.source import ImageSourceResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.settings import Settings


def schedules(settings: Settings, vacuum: JobDefinition) -> Sequence[ScheduleDefinition]:
    """Return the schedules, at the times of the settings."""
    return [_nightly(settings), _weekly_refit(settings), _weekly_vacuum(settings, vacuum)]


def _nightly(settings: Settings) -> ScheduleDefinition:
    @schedule(
        name="fruits_nightly",
        job=fruits_job,
        cron_schedule=settings.nightly_cron,
        execution_timezone=settings.time_zone,
        description=(
            "Brings all registered classes up to date; computes only pictures that are new or altered. With nothing "
            "to do, the tick says so and starts no run."
        ),
    )
    def fruits_nightly(
        context: ScheduleEvaluationContext, source: ImageSourceResource, warehouse: WarehouseResource
    ) -> RunRequest | SkipReason:
        registered = list(context.instance.get_dynamic_partitions(FRUIT_CLASS))
        if not registered:
            return SkipReason(NOTHING_REGISTERED)
        images, opened = source.open(), warehouse.open()
        try:
            there = images.class_folders()
        except SourceError as error:
            return SkipReason(f"the source cannot be listed, so that there is nothing to bring up to date: {error}")
        gone = [name for name in registered if name not in there]
        if gone:
            context.log.warning(f"left out, since they vanished from the source; data is kept: {', '.join(gone)}")
        classes = [name for name in registered if name in there]
        if not classes:
            return SkipReason(f"none of the {len(registered)} registered classes is in the source any more")
        night = Night(settings, images, {name: there[name] for name in classes})
        nothing = night.nothing_to_do(context.instance, opened, context.scheduled_execution_time)
        if nothing:
            return SkipReason(nothing)
        counts = opened.table("raw_images").counts(classes)
        pictures = sum(found.rows for found in counts.values())
        return _unless_busy(context, fruits_job, classes, {PICTURES_TAG: str(pictures), NIGHT_TAG: night.digest})

    return fruits_nightly


def _weekly_refit(settings: Settings) -> ScheduleDefinition:
    @schedule(
        name="fruits_refit_weekly",
        job=fruits_refit_job,
        cron_schedule=settings.refit_cron,
        execution_timezone=settings.time_zone,
        description="Fits projection and classifier anew to all classes that have features, and applies them.",
    )
    def fruits_refit_weekly(
        context: ScheduleEvaluationContext, warehouse: WarehouseResource
    ) -> RunRequest | SkipReason:
        registered = list(context.instance.get_dynamic_partitions(FRUIT_CLASS))
        counts = warehouse.open().table("cnn_features").counts()
        classes = [name for name in registered if name in counts]
        if not classes:
            return SkipReason("no class has features yet: run the job fruits first")
        pictures = sum(counts[name].rows for name in classes)
        return _unless_busy(context, fruits_refit_job, classes, {PICTURES_TAG: str(pictures)})

    return fruits_refit_weekly


def _weekly_vacuum(settings: Settings, vacuum: JobDefinition) -> ScheduleDefinition:
    @schedule(
        name="vacuum_weekly",
        job=vacuum,
        cron_schedule=settings.vacuum_cron,
        execution_timezone=settings.time_zone,
        description="Gathers small files and deletes files that the tables do not need any more.",
    )
    def vacuum_weekly(warehouse: WarehouseResource) -> RunRequest | SkipReason:
        if not warehouse.open().table("raw_images").exists():
            return SkipReason("there are no tables yet")
        return RunRequest(tags={REASON_TAG: "weekly vacuum"})

    return vacuum_weekly


NOTHING_REGISTERED = (
    "no class is registered: materialize the asset fruit_classes, start the sensor new_pictures, or call "
    "`image-assets classes --register`"
)


def _unless_busy(
    context: ScheduleEvaluationContext,
    job: UnresolvedAssetJobDefinition,
    classes: Sequence[str],
    tags: Mapping[str, str],
) -> RunRequest | SkipReason:
    """Ask for a run with these tags, unless one of the same job has not ended yet."""
    end_abandoned_runs(context.instance)
    busy = unfinished_run(context.instance, job.name)
    if busy is not None:
        return SkipReason(f"run {busy} of the job {job.name} has not ended yet")
    reason = f"{context.scheduled_execution_time:%Y-%m-%d}: all {len(classes)} classes"
    return RunRequest(tags={**range_tags(context.instance, classes), **tags, REASON_TAG: reason})
