import shutil
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunRequest, SensorResult, SkipReason, build_sensor_context
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from image_assets.automation.discovery import discovery_sensor
from image_assets.automation.partitions import FRUIT_CLASS, classes_of_run
from image_assets.automation.tags import PICTURES_TAG
from image_assets.resources.source import ImageSourceResource
from image_assets.settings import Settings


class Ticks:
    """The sensor, ticked as the daemon does: with its cursor, and registering what it asks for."""

    def __init__(self, source: Path, instance: DagsterInstance) -> None:
        self.source, self.instance = source, instance
        self.cursor: str | None = None

    def tick(self, settle_seconds: int = 0) -> SensorResult:
        sensor = discovery_sensor(Settings(settle_seconds=settle_seconds, full_listing_seconds=0))
        resources = {"source": ImageSourceResource(address=str(self.source), task_mib=128)}
        with build_sensor_context(self.instance, cursor=self.cursor, resources=resources) as context:
            result = sensor(context)
        assert isinstance(result, SensorResult)
        self.cursor = result.cursor
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(FRUIT_CLASS, list(request.partition_keys))
        return result

    def requested(self, result: SensorResult) -> list[str]:
        (request,) = result.run_requests or []
        assert isinstance(request, RunRequest)
        return classes_of_run(self.instance, request.tags)


@pytest.fixture
def ticks(tmp_path: Path) -> Ticks:
    for name in ("Banana", "Cherry", "Fig", "Kiwi"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_text("x")
    return Ticks(tmp_path, DagsterInstance.ephemeral())


def test_new_classes_are_registered_and_run_together(ticks: Ticks) -> None:
    first = ticks.tick()
    assert ticks.instance.get_dynamic_partitions(FRUIT_CLASS) == ["Banana", "Cherry", "Fig", "Kiwi"]
    assert ticks.requested(first) == ["Banana", "Cherry", "Fig", "Kiwi"]
    second = ticks.tick()
    assert isinstance(second.skip_reason, SkipReason)
    assert str(second.skip_reason.skip_message).startswith("nothing new in 4 classes")


def test_scattered_changes_are_one_run_of_exactly_these_classes(ticks: Ticks) -> None:
    ticks.tick()
    for name in ("Banana", "Fig"):
        (ticks.source / name / "2.jpg").write_text("y")
    result = ticks.tick()
    assert ticks.requested(result) == ["Banana", "Fig"]
    (request,) = result.run_requests or []
    assert request.tags[ASSET_PARTITION_RANGE_START_TAG] == request.tags[ASSET_PARTITION_RANGE_END_TAG] == "Banana,Fig"
    assert request.tags[PICTURES_TAG] == "4"


def test_a_class_that_is_still_being_copied_is_left_for_later(ticks: Ticks) -> None:
    waiting = ticks.tick(settle_seconds=3600)
    assert isinstance(waiting.skip_reason, SkipReason)
    assert "still changing: Banana, Cherry, Fig, Kiwi" in str(waiting.skip_reason.skip_message)
    assert len(ticks.requested(ticks.tick())) == 4


def test_a_vanished_class_is_reported_and_stays_registered(ticks: Ticks) -> None:
    ticks.tick()
    shutil.rmtree(ticks.source / "Kiwi")
    result = ticks.tick()
    (event,) = result.asset_events
    assert event.partition == "Kiwi"
    assert not result.run_requests
    assert "Kiwi" in ticks.instance.get_dynamic_partitions(FRUIT_CLASS)
    assert not ticks.tick().asset_events
