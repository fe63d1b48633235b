"""The sensor that finds new, changed and vanished classes and asks for one run for all of them.

See https://docs.dagster.io/guides/automate/sensors.
"""

import time
from collections.abc import Sequence

from dagster import (
    AssetKey,
    AssetObservation,
    DagsterInstance,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from image_assets.automation.jobs import fruits_job
from image_assets.automation.nothing_to_do import LISTING_SECONDS
from image_assets.automation.partitions import FRUIT_CLASS, fruit_class_partitions, tags_for
from image_assets.automation.tags import PICTURES_TAG, REASON_TAG
from image_assets.fruits.discovery import Look, Memory, look
from image_assets.resources.runs import end_abandoned_runs, unfinished_run
from image_assets.resources.source import ImageSourceResource
from image_assets.settings import Settings


def discovery_sensor(settings: Settings) -> SensorDefinition:
    """Return the sensor, with the interval and the times of the settings."""

    @sensor(
        name="new_pictures",
        job=fruits_job,
        minimum_interval_seconds=settings.discovery_interval_seconds,
        description=(
            "Looks for new, changed and vanished classes. New ones are registered, and one run is asked for all that "
            f"have been at rest for {settings.settle_seconds} s. A vanished class is reported, and keeps its data."
        ),
    )
    def new_pictures(context: SensorEvaluationContext, source: ImageSourceResource) -> SensorResult:
        end_abandoned_runs(context.instance)
        images = source.open()
        found = look(
            images,
            Memory.from_json(context.cursor, images.address),
            time.time(),
            settle_seconds=settings.settle_seconds,
            full_every_seconds=settings.full_listing_seconds,
            seconds=LISTING_SECONDS,
        )
        registered = list(context.instance.get_dynamic_partitions(FRUIT_CLASS))
        new = sorted(set(found.classes) - set(registered))
        if found.vanished:
            context.log.warning(f"vanished from the source, their data is kept: {', '.join(found.vanished)}")
        request = _request(context.instance, found, [*registered, *new])
        asked = isinstance(request, RunRequest)
        return SensorResult(
            run_requests=[request] if isinstance(request, RunRequest) else None,
            skip_reason=request if isinstance(request, SkipReason) else None,
            cursor=(found.done() if asked else found.memory).to_json(),
            dynamic_partitions_requests=[fruit_class_partitions.build_add_request(new)] if new else [],
            asset_events=[_vanished(name, images.address) for name in found.vanished],
        )

    return new_pictures


def _request(instance: DagsterInstance, found: Look, registered: Sequence[str]) -> RunRequest | SkipReason:
    """Ask for one run of the classes that are ready, or say why there is none."""
    if found.goes_on is not None:
        return SkipReason(
            f"{len(found.memory.folders):,} folders are listed, for more there was no time: the next tick goes on with "
            f"{found.goes_on}"
        )
    waits = f"; still changing: {', '.join(found.settling)}" if found.settling else ""
    if not found.ready:
        state = f"nothing new in {len(found.classes)} classes ({found.listed} folders listed)"
        return SkipReason(state + waits)
    busy = unfinished_run(instance, fruits_job.name)
    if busy is not None:
        reason = f"{len(found.ready)} changed classes wait for the end of run {busy}"
        return SkipReason(reason + waits)
    tags = {
        **tags_for(registered, list(found.ready)),
        PICTURES_TAG: str(sum(found.ready.values())),
        REASON_TAG: f"{len(found.ready)} new or changed classes",
    }
    return RunRequest(tags=tags)


def _vanished(name: str, address: str) -> AssetObservation:
    return AssetObservation(
        AssetKey("raw_images"),
        partition=name,
        description=f"The class is gone from {address}; its data is kept.",
        metadata={"vanished_from": address},
    )
