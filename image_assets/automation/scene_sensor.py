"""When scenes run: a sensor that finds scenes that are new in the source or have changed, and runs their chain.

See https://docs.dagster.io/guides/automate/sensors. It is stopped until somebody starts it in the UI.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from dagster import ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from image_assets.automation.arrivals import INTERVAL_SECONDS, SETTLED_SECONDS, awaited, run_of
from image_assets.automation.partitions import scene_partitions
from image_assets.errors import ImageAssetsError
from image_assets.resources.warehouse import WarehouseResource
from image_assets.scenes.catalogue import SceneCatalogue
from image_assets.scenes.status import changed_scenes


class SceneSource(Protocol):
    """What the sensor asks of the resource `scenes_source`."""

    @property
    def catalogue(self) -> SceneCatalogue:
        """The scenes."""


@sensor(
    name="new_scenes",
    job_name="scenes",
    minimum_interval_seconds=INTERVAL_SECONDS,
    description="Registers scenes that are new; runs what is not computed yet or has changed, in one run.",
)
def new_scenes(
    context: SensorEvaluationContext, scenes_source: ResourceParam[SceneSource], warehouse: WarehouseResource
) -> SensorResult | SkipReason:
    """Ask for one run of the scenes that are not computed or changed, at rest for a minute, and can be opened.

    The others are looked at again next time.
    """
    catalogue = scenes_source.catalogue
    entries = catalogue.entries()
    versions = {key: str(entry.version) for key, entry in entries.items()}
    latest = datetime.now(UTC) - timedelta(seconds=SETTLED_SECONDS)
    found: dict[str, str] = {}
    for key in awaited(context, versions, changed_scenes(warehouse.open(), entries)):
        modified = entries[key].modified
        if modified is not None and modified >= latest:
            continue
        try:
            entries[key].describe()
        except (ImageAssetsError, OSError) as error:
            context.log.warning(f"{key} is left alone: {error}")
        else:
            found[key] = versions[key]
    if not found:
        return SkipReason(f"none of the {len(entries)} scenes of {catalogue.address} is new or changed, and complete")
    return run_of(context, "scenes", scene_partitions, found)
