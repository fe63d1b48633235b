"""When recordings run: a sensor that finds recordings that are new in the source or have changed, and runs their chain.

See https://docs.dagster.io/guides/automate/sensors. It is stopped until somebody starts it in the UI.
"""

import time
from pathlib import Path
from typing import Protocol

from dagster import ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from image_assets.automation.arrivals import INTERVAL_SECONDS, SETTLED_SECONDS, awaited, run_of
from image_assets.automation.partitions import recording_partitions
from image_assets.recordings.listing import find_recordings, last_change
from image_assets.recordings.status import changed_recordings
from image_assets.resources.warehouse import WarehouseResource


class RecordingSource(Protocol):
    """What the sensor asks of the resource `recordings_source`."""

    @property
    def address(self) -> str:
        """Folder of the recordings."""


@sensor(
    name="new_recordings",
    job_name="recordings",
    minimum_interval_seconds=INTERVAL_SECONDS,
    description="Registers recordings that are new; runs what is not computed yet or has changed, in one run.",
)
def new_recordings(
    context: SensorEvaluationContext, recordings_source: ResourceParam[RecordingSource], warehouse: WarehouseResource
) -> SensorResult | SkipReason:
    """Ask for one run of the recordings that are not computed or changed, and at rest for a minute."""
    paths = find_recordings(Path(recordings_source.address))
    changes = {key: last_change(path) for key, path in paths.items()}
    versions = {key: str(change) for key, change in changes.items()}
    wanted = awaited(context, versions, changed_recordings(warehouse.open(), paths))
    latest = time.time() - SETTLED_SECONDS
    found = {key: versions[key] for key in wanted if changes[key] < latest}
    if not found:
        return SkipReason(
            f"none of the {len(paths)} recordings of {recordings_source.address} is new or changed, and complete"
        )
    return run_of(context, "recordings", recording_partitions, found)
