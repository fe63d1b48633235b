import os
import time
from pathlib import Path

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    SensorDefinition,
    SensorResult,
    SkipReason,
    build_sensor_context,
)

from image_assets.automation.partitions import SCENE, register_classes
from image_assets.automation.scene_sensor import new_scenes
from image_assets.definitions import build_definitions, defs
from image_assets.resources.scenes import SceneResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.settings import Settings
from image_assets_tests.scenes.project import BROKEN, GREY, SKY, write_scenes


def evaluate(instance: DagsterInstance, folder: Path, cursor: str | None = None) -> SensorResult | SkipReason:
    warehouse = WarehouseResource(root=str(folder / "warehouse"))
    resources = {"scenes_source": SceneResource(address=str(folder)), "warehouse": warehouse}
    with build_sensor_context(instance, cursor=cursor, resources=resources) as context:
        found = new_scenes(context)
    assert isinstance(found, SensorResult | SkipReason)
    return found


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Scenes that were written some time ago."""
    write_scenes(tmp_path)
    for path in tmp_path.rglob("*.*"):
        age(path, 900)
    return tmp_path


def test_new_scenes_are_registered_and_run_together(folder: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        found = evaluate(instance, folder)
        assert isinstance(found, SensorResult)
        (request,) = found.run_requests or []
        assert request.tags == {"dagster/asset_partition_range_start": SKY, "dagster/asset_partition_range_end": GREY}
        (added,) = found.dynamic_partitions_requests or []
        assert list(added.partition_keys) == [SKY, GREY]
        assert BROKEN not in added.partition_keys


def test_a_scene_that_is_still_being_copied_is_left_for_later(folder: Path) -> None:
    age(folder / "deep/sky 1.tif", 5)
    with DagsterInstance.ephemeral() as instance:
        found = evaluate(instance, folder)
        assert isinstance(found, SensorResult)
        (added,) = found.dynamic_partitions_requests or []
        assert list(added.partition_keys) == [GREY]


def test_scenes_that_are_registered_and_not_computed_are_asked_for_once(folder: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        register_classes(instance, [GREY, SKY], SCENE)
        first = evaluate(instance, folder)
        assert isinstance(first, SensorResult)
        assert not first.dynamic_partitions_requests
        found = evaluate(instance, folder, first.cursor)
    assert isinstance(found, SkipReason)
    assert found.skip_message == f"none of the 3 scenes of {folder} is new or changed, and complete"


def test_a_scene_whose_run_came_to_nothing_is_asked_for_again_when_its_file_changes(folder: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        found = evaluate(instance, folder)
        assert isinstance(found, SensorResult)
        register_classes(instance, [SKY, GREY], SCENE)
        assert isinstance(evaluate(instance, folder, found.cursor), SkipReason)
        age(folder / GREY, 600)
        again = evaluate(instance, folder, found.cursor)
        assert isinstance(again, SensorResult)
        (request,) = again.run_requests or []
        assert request.tags == {"dagster/asset_partition_range_start": GREY, "dagster/asset_partition_range_end": GREY}
        assert isinstance(evaluate(instance, folder, again.cursor), SkipReason)


def test_new_scenes_wait_for_the_end_of_a_run(folder: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        job = build_definitions(Settings()).resolve_job_def("scenes")
        run = instance.create_run_for_job(job, status=DagsterRunStatus.NOT_STARTED)
        found = evaluate(instance, folder)
        assert isinstance(found, SkipReason)
        assert found.skip_message == f"{SKY}, {GREY}: new or changed, waiting for the end of run {run.run_id}"
        instance.delete_run(run.run_id)
        assert isinstance(evaluate(instance, folder), SensorResult)


def test_the_sensor_is_found_and_stopped_at_first() -> None:
    (found,) = [sensor for sensor in defs.sensors or [] if sensor.name == "new_scenes"]
    assert isinstance(found, SensorDefinition)
    assert (found.job_name, found.default_status) == ("scenes", DefaultSensorStatus.STOPPED)
