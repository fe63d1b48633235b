"""When recordings run: a sensor that registers recordings that have come into the source and runs their chain.

See https://docs.dagster.io/guides/automate/sensors. It is stopped until somebody starts it in the UI.
"""

import hashlib
import time
from pathlib import Path
from typing import Protocol

from dagster import ResourceParam, RunRequest, SensorEvaluationContext, SensorResult, SkipReason, sensor

from image_assets.automation.partitions import RECORDING, recording_partitions, tags_for
from image_assets.recordings.listing import find_recordings, last_change

INTERVAL_SECONDS = 300
SETTLED_SECONDS = 60
"""A recording or scene whose files have changed since is probably still being copied."""


class RecordingSource(Protocol):
    """What the sensor asks of the resource `recordings_source`."""

    @property
    def address(self) -> str:
        """Folder of the recordings."""


@sensor(
    name="new_recordings",
    job_name="recordings",
    minimum_interval_seconds=INTERVAL_SECONDS,
    description="Registers recordings that are new in the source, and runs the chain for all of them in one run.",
)
def new_recordings(
    context: SensorEvaluationContext, recordings_source: ResourceParam[RecordingSource]
) -> SensorResult | SkipReason:
    """Ask for one run of all recordings that are new and have not changed for a minute."""
    paths = find_recordings(Path(recordings_source.address))
    registered = set(context.instance.get_dynamic_partitions(RECORDING))
    latest = time.time() - SETTLED_SECONDS
    new = [key for key, path in paths.items() if key not in registered and last_change(path) < latest]
    if not new:
        return SkipReason(f"none of the {len(paths)} recordings of {recordings_source.address} is new and complete")
    tags = tags_for(new, new, RECORDING)  # added in this order, so that they are a range
    return SensorResult(
        run_requests=[RunRequest(run_key=hashlib.sha256("\n".join(new).encode()).hexdigest(), tags=tags)],
        dynamic_partitions_requests=[recording_partitions.build_add_request(new)],
    )
