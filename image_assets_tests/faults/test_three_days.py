"""Three days of a project under the real daemon: sensor, schedule, checks, a killed run and a vanished class."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
from dagster import AssetKey, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.scheduler.instigation import TickStatus

from image_assets.automation.partitions import FRUIT_CLASS
from image_assets.automation.tags import COMPUTED_TAG
from image_assets.resources.runs import PROCESS_TAG
from image_assets_tests.assets.project import Project
from image_assets_tests.dagster_dev import dagster_dev, project_environment
from image_assets_tests.shared import REPOSITORY

pytestmark = pytest.mark.faults

SECONDS = 240
SAMPLE = REPOSITORY / "data/fruits"
Found = TypeVar("Found")


def process_of(run: DagsterRun) -> int:
    return int(run.tags[PROCESS_TAG].split("/")[1])


class Days:
    """A project whose `dagster dev` is running."""

    def __init__(self, root: Path, instance: DagsterInstance, address: str, environment: Mapping[str, str]) -> None:
        self.project = Project(root, instance)
        self.instance, self.address, self.environment = instance, address, environment

    def deliver(self, name: str, numbers: range, split: str = "Training", target: str | None = None) -> None:
        folder = self.project.source / split / (target or name)
        folder.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            (picture,) = (SAMPLE / split / name).glob(f"{number}_100.*")
            shutil.copy(picture, folder / f"{name}_{number}{picture.suffix}")

    def switch(self, mutation: str, selector: str, name: str) -> None:
        """Start a sensor or a schedule, as the switch in the UI does."""
        text = (
            f'mutation {{ {mutation}({selector}: {{repositoryName: "__repository__", '
            f'repositoryLocationName: "image_assets", {selector.removesuffix("Selector")}Name: "{name}"}}) '
            "{ __typename ... on PythonError { message } } }"
        )
        request = urllib.request.Request(  # noqa: S310 - own server
            f"{self.address}/graphql",
            json.dumps({"query": text}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - own server
            result = json.load(answer)
        assert "Error" not in json.dumps(result), result

    def runs(self, *statuses: DagsterRunStatus) -> list[DagsterRun]:
        return list(self.instance.get_runs(RunsFilter(statuses=list(statuses) or None)))

    def next_run(self, before: int) -> DagsterRun:
        """Wait for the run after so many others to end well."""
        wait_for(lambda: len(self.runs()) > before)
        newest = self.runs()[0].run_id
        wait_for(lambda: (found := self.instance.get_run_by_id(newest)) and found.is_finished)
        run = self.instance.get_run_by_id(newest)
        assert run is not None
        assert run.status == DagsterRunStatus.SUCCESS, self.instance.all_logs(newest)[-5:]
        return run

    def skipped_ticks(self, name: str) -> list[str]:
        """Return why ticks of a sensor or a schedule have asked for no run, the last ones first."""
        (found,) = [state for state in self.instance.all_instigator_state() if state.name == name]
        ticks = self.instance.get_ticks(found.instigator_origin_id, found.selector_id, limit=10)
        return [tick.tick_data.skip_reason or "" for tick in ticks if tick.status == TickStatus.SKIPPED]

    def states(self) -> dict[str, str]:
        """Return what `image-assets status` says of each class."""
        command = [str(Path(sys.executable).parent / "image-assets"), "status", "--chain", "fruits", "--json"]
        done = subprocess.run(command, cwd=self.project.root, env=self.environment, capture_output=True, check=True)
        return {found["fruit_class"]: found["state"] for found in json.loads(done.stdout)["classes"]}

    def computed(self, run: DagsterRun) -> dict[str | None, int]:
        """Return how many features a run has computed, by class."""
        events = [entry.dagster_event for entry in self.instance.all_logs(run.run_id)]
        found = [event for event in events if event and event.is_step_materialization]
        materializations = [event.step_materialization_data.materialization for event in found]
        return {
            event.partition: int(str(event.metadata["computed"].value))
            for event in materializations
            if event.asset_key == AssetKey("cnn_features")
        }


def wait_for(question: Callable[[], Found], seconds: float = SECONDS) -> Found:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.3)
    raise AssertionError(f"nothing after {seconds} s")


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    (tmp_path / "source").mkdir()
    environment = project_environment(
        tmp_path,
        IMAGE_ASSETS_SETTLE_SECONDS="3",
        IMAGE_ASSETS_DISCOVERY_INTERVAL_SECONDS="1",
        IMAGE_ASSETS_FULL_LISTING_SECONDS="0",
        IMAGE_ASSETS_NIGHTLY_CRON="* * * * *",
    )
    home = str(tmp_path / "home")
    with dagster_dev(tmp_path, environment) as address, DagsterInstance.from_config(home) as instance:
        yield Days(tmp_path, instance, address, environment)


def test_three_days(days: Days) -> None:
    # The first day: nothing is registered, nothing has run; the sensor does all of it.
    for name in ("Banana", "Cherry", "Kiwi"):
        days.deliver(name, range(4))
        days.deliver(name, range(20, 22), "Test")
    days.switch("startSensor", "sensorSelector", "new_pictures")
    first = days.next_run(0)
    assert list(days.instance.get_dynamic_partitions(FRUIT_CLASS)) == ["Banana", "Cherry", "Kiwi"]
    assert days.computed(first) == {"Banana": 6, "Cherry": 6, "Kiwi": 6}
    assert first.tags["dagster/sensor_name"] == "new_pictures"

    # The second day: scattered changes and a new class are one run, which computes only them.
    days.deliver("Banana", range(4, 5))
    (days.project.source / "Training/Kiwi/Kiwi_0.jpg").rename(days.project.source / "Training/Kiwi/renamed.jpg")
    (days.project.source / "Training/Kiwi/Kiwi_1.jpg").unlink()
    days.deliver("Pear", range(4))
    second = days.next_run(1)
    assert days.computed(second) == {"Banana": 1, "Kiwi": 0, "Pear": 4}
    assert second.tags[COMPUTED_TAG] == "5"
    assert counts(days) == {"Banana": 7, "Cherry": 6, "Kiwi": 5, "Pear": 4}

    # The third day: a corrupt delivery, whose run is killed; the nightly run finishes the work and tells of it.
    days.deliver("Pear", range(4, 5))
    for number in range(3):
        (days.project.source / f"Training/Pear/corrupt_{number}.jpg").write_bytes(b"half a pict")
    (run,) = wait_for(lambda: [found for found in days.runs() if is_executed_after(found, second)])
    wait_for(lambda: days.project.table("raw_images").counts(["Pear"])["Pear"].rows == 8)
    os.kill(process_of(run), signal.SIGKILL)
    assert days.states() == {"Banana": "fresh", "Cherry": "fresh", "Kiwi": "fresh", "Pear": "stale"}
    before = len(days.runs())
    days.switch("startSchedule", "scheduleSelector", "fruits_nightly")
    wait_for(lambda: (found := days.instance.get_run_by_id(run.run_id)) and found.status == DagsterRunStatus.FAILURE)
    nightly = days.next_run(before)
    assert nightly.tags["dagster/schedule_name"] == "fruits_nightly"
    assert days.project.table("decoded_frames").counts(["Pear"])["Pear"].rows == 8
    assert counts(days) == {"Banana": 7, "Cherry": 6, "Kiwi": 5, "Pear": 5}
    assert evaluated(days, nightly)["few_undecodable"] is False
    assert evaluated(days, nightly)["counts_balance"] is True

    # A night with nothing new says so.
    assert set(days.states().values()) == {"fresh"}
    (why, *_) = wait_for(lambda: [told for told in days.skipped_ticks("fruits_nightly") if "nothing new" in told])
    assert why == f"nothing new in 4 classes since run {nightly.run_id}, which succeeded"

    # A class vanishes: it is told, and its data stays.
    shutil.rmtree(days.project.source / "Training/Cherry")
    shutil.rmtree(days.project.source / "Test/Cherry")
    observation = wait_for(lambda: days.instance.fetch_observations(AssetKey("raw_images"), limit=1).records)
    assert observation[0].partition_key == "Cherry"
    assert counts(days)["Cherry"] == 6
    assert days.states() == {"Banana": "fresh", "Cherry": "vanished", "Kiwi": "fresh", "Pear": "fresh"}


def counts(days: Days) -> dict[str, int]:
    return {name: found.rows for name, found in days.project.table("cnn_features").counts().items()}


def is_executed_after(run: DagsterRun, other: DagsterRun) -> bool:
    return run.run_id != other.run_id and not run.is_finished and PROCESS_TAG in run.tags


def evaluated(days: Days, run: DagsterRun) -> dict[str, bool]:
    events = [entry.dagster_event for entry in days.instance.all_logs(run.run_id)]
    found: list[Any] = [event for event in events if event and event.event_type_value == "ASSET_CHECK_EVALUATION"]
    return {event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data.passed for event in found}
