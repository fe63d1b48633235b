import os
import time
from pathlib import Path

import numpy as np
from dagster import (
    DagsterInstance,
    DefaultSensorStatus,
    SensorDefinition,
    SensorResult,
    SkipReason,
    build_sensor_context,
)

from image_assets.automation.partitions import RECORDING, register_classes
from image_assets.automation.recording_sensor import new_recordings
from image_assets.definitions import defs
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.warehouse import WarehouseResource


def evaluate(instance: DagsterInstance, folder: Path, cursor: str | None = None) -> SensorResult | SkipReason:
    warehouse = WarehouseResource(root=str(folder / "warehouse"))
    resources = {"recordings_source": RecordingsResource(address=str(folder)), "warehouse": warehouse}
    with build_sensor_context(instance, cursor=cursor, resources=resources) as context:
        found = new_recordings(context)
    assert isinstance(found, SensorResult | SkipReason)
    return found


def write(folder: Path, name: str, age_seconds: float) -> None:
    np.save(folder / f"{name}.npy", np.zeros((3, 2, 2), np.uint8))
    then = time.time() - age_seconds
    os.utime(folder / f"{name}.npy", (then, then))


def test_new_recordings_are_registered_and_run_together_once_they_are_complete(tmp_path: Path) -> None:
    for name, age in (("bee", 900), ("fly 2", 900), ("fly 10", 5)):
        write(tmp_path, name, age)
    with DagsterInstance.ephemeral() as instance:
        found = evaluate(instance, tmp_path)
        assert isinstance(found, SensorResult)
        (request,) = found.run_requests or []
        assert request.tags == {
            "dagster/asset_partition_range_start": "bee",
            "dagster/asset_partition_range_end": "fly_2",
        }
        (added,) = found.dynamic_partitions_requests or []
        assert list(added.partition_keys) == ["bee", "fly_2"]
        register_classes(instance, ["bee", "fly_2"], RECORDING)
        again = evaluate(instance, tmp_path, found.cursor)
        assert isinstance(again, SkipReason)
        assert again.skip_message == f"none of the 3 recordings of {tmp_path} is new or changed, and complete"


def test_the_sensor_is_found_and_stopped_at_first() -> None:
    (found,) = [sensor for sensor in defs.sensors or [] if sensor.name == "new_recordings"]
    assert isinstance(found, SensorDefinition)
    assert (found.job_name, found.default_status) == ("recordings", DefaultSensorStatus.STOPPED)
