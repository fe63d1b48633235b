"""When scenes run: a sensor that registers scenes that have come into the source and runs their chain.

See https://docs.dagster.io/guides/automate/sensors. It is stopped until somebody starts it in the UI.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Protocol

from dagster import ResourceParam, RunRequest, SensorEvaluationContext, SensorResult, SkipReason, sensor

from image_assets.automation.partitions import SCENE, scene_partitions, tags_for
from image_assets.automation.recording_sensor import SETTLED_SECONDS
from image_assets.errors import ImageAssetsError
from image_assets.scenes.catalogue import SceneCatalogue

INTERVAL_SECONDS = 300


class SceneSource(Protocol):
    """What the sensor asks of the resource `scenes_source`."""

    @property
    def catalogue(self) -> SceneCatalogue:
        """The scenes."""


@sensor(
    name="new_scenes",
    job_name="scenes",
    minimum_interval_seconds=INTERVAL_SECONDS,
    description="Registers scenes that are new in the source, and runs the chain for all of them in one run.",
)
def new_scenes(
    context: SensorEvaluationContext, scenes_source: ResourceParam[SceneSource]
) -> SensorResult | SkipReason:
    """Ask for one run of all scenes that are new, have not changed for a minute and can be opened.

    The others are looked at again next time.
    """
    catalogue = scenes_source.catalogue
    entries = catalogue.entries()
    registered = set(context.instance.get_dynamic_partitions(SCENE))
    latest = datetime.now(UTC) - timedelta(seconds=SETTLED_SECONDS)
    new = []
    for key, entry in entries.items():
        if key in registered or (entry.modified is not None and entry.modified >= latest):
            continue
        try:
            entry.describe()
        except (ImageAssetsError, OSError) as error:
            context.log.warning(f"{key} is not registered: {error}")
        else:
            new.append(key)
    if not new:
        return SkipReason(f"none of the {len(entries)} scenes of {catalogue.address} is new and complete")
    tags = tags_for(new, new, SCENE)  # added in this order, so that they are a range
    return SensorResult(
        run_requests=[RunRequest(run_key=hashlib.sha256("\n".join(new).encode()).hexdigest(), tags=tags)],
        dynamic_partitions_requests=[scene_partitions.build_add_request(new)],
    )
