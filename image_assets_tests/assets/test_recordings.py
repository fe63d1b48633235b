"""The recordings chain as Dagster runs it, on the sample recording and one that is broken."""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dagster import AssetKey, DagsterInstance, SensorResult, SkipReason, build_sensor_context
from PIL import Image
from pyspark.sql import SparkSession

from image_assets.automation import recording_sensor
from image_assets.automation.partitions import RECORDING, UnknownClassError, range_tags, register_classes
from image_assets.automation.recording_sensor import new_recordings
from image_assets.cli.chains.recordings import RECORDINGS
from image_assets.recordings.options import own_options
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.settings import Settings
from image_assets.warehouse.following import PartitionStatus
from image_assets_tests.assets.project import Project, Run
from image_assets_tests.recordings.conftest import NEURONS, write_deviating
from image_assets_tests.shared import REPOSITORY

TABLES = {
    "recording_frames": 60,
    "frame_projections": 2 * 60 + 3,
    "pixel_series": 2016,
    "series_features": 2016,
    "series_clusters": 2016,
    "time_covariance": 60,
}
GUIDE = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "recordings.md").read_text(), re.DOTALL)
MAPS = ("std_map", "phase_map", "cluster_map")


def run(project: Project, recordings: list[str], *assets: str, **settings: Any) -> Run:
    job = project.definitions(recordings=str(project.root / "recordings"), **settings).resolve_job_def("recordings")
    result = job.execute_in_process(
        instance=project.instance,
        asset_selection=[AssetKey(name) for name in assets] or None,
        tags=range_tags(project.instance, recordings, RECORDING),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )
    return Run(project, result)


@pytest.fixture(scope="module")
def recorded(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    root = tmp_path_factory.mktemp("recorded")
    shutil.copytree(NEURONS, root / "recordings" / "neurons")
    with DagsterInstance.ephemeral() as instance:
        register_classes(instance, ["neurons"], RECORDING)
        found = run(Project(root, instance), ["neurons"])
        assert found.result.success, found.failure
        yield found


def checks(found: Run) -> dict[tuple[str, str], bool]:
    return {
        (item.asset_key.to_user_string(), item.check_name): item.passed
        for item in found.result.get_asset_check_evaluations()
    }


def statuses(project: Project, *, compare: bool = True, **changed: Any) -> dict[str, PartitionStatus]:
    assert RECORDINGS.inspection is not None
    places = {"recordings": str(project.root / "recordings"), "warehouse": str(project.root / "warehouse")}
    settings = Settings(**{**places, **changed})
    known = sorted(RECORDINGS.inspection.known(settings, compare))
    return {item.partition: item for item in RECORDINGS.inspection.statuses(settings, known, compare)}


def test_where_a_recording_stands(recorded: Run) -> None:
    project = recorded.project
    found = statuses(project)["neurons"]
    assert (found.state, found.reasons, found.rows, found.failures) == ("fresh", (), 60, 0)
    assert found.versions == {table: recorded.metadata(table)["neurons"]["delta_version"] for table in TABLES}
    assert statuses(project, recording_k=5)["neurons"].state == "fresh", "its recording.json says 4"
    stale = statuses(project, recording_cluster_input="zscore()", seed=7)["neurons"]
    assert (stale.state, len(stale.reasons)) == ("stale", 2)
    assert stale.reasons[0].startswith(
        "series_clusters was computed with cluster_input \"detrend('linear').normalize()"
    )
    assert stale.reasons[1] == "series_clusters was computed with seed 42, set is 7"
    assert statuses(project, recordings=str(NEURONS.parent / "nowhere"))["neurons"].state == "fresh"
    with closing_touch(project.root / "recordings/neurons/recording.json"):
        assert statuses(project)["neurons"].reasons == ("its files have changed since they were read",)
        assert statuses(project, compare=False)["neurons"].state == "fresh"


def test_the_sensor_asks_for_a_recording_that_has_changed(recorded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    project = recorded.project

    def tick() -> SensorResult | SkipReason:
        resources = {
            "recordings_source": RecordingsResource(address=str(project.root / "recordings")),
            "warehouse": WarehouseResource(root=str(project.root / "warehouse")),
        }
        with build_sensor_context(project.instance, resources=resources) as context:
            found = new_recordings(context)
        assert isinstance(found, SensorResult | SkipReason)
        return found

    assert isinstance(tick(), SkipReason)
    with closing_touch(project.root / "recordings/neurons/recording.json"):
        assert isinstance(tick(), SkipReason), "it may still be copied"
        monkeypatch.setattr(recording_sensor, "SETTLED_SECONDS", 0)
        found = tick()
    assert isinstance(found, SensorResult)
    (request,) = found.run_requests or []
    assert request.tags == range_tags(project.instance, ["neurons"], RECORDING)
    assert not found.dynamic_partitions_requests
    assert isinstance(tick(), SkipReason)


@contextmanager
def closing_touch(path: Path) -> Iterator[None]:
    """Change the time of a file while the block runs."""
    before = path.stat()
    os.utime(path)
    yield
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_the_maps_of_a_recording_are_shown_in_one_picture(recorded: Run) -> None:
    assert RECORDINGS.inspection is not None
    settings = Settings(warehouse=str(recorded.project.root / "warehouse"))
    shown = RECORDINGS.inspection.draw(settings, "neurons", None, 1)
    assert shown.told == "std_map, phase_map, cluster_map of neurons"
    single = [RECORDINGS.inspection.draw(settings, "neurons", name, 1).picture for name in MAPS]
    assert shown.picture.width == sum(picture.width for picture in single) + 4 * 16


def test_one_run_makes_every_table_and_passes_every_check(recorded: Run) -> None:
    rows = {name: recorded.metadata(name)["neurons"]["dagster/row_count"] for name in TABLES}
    assert rows == TABLES
    assert {name: recorded.project.table(name).counts()["neurons"].rows for name in TABLES} == TABLES
    assert checks(recorded) == {
        ("recording_frames", "frames_complete"): True,
        ("pixel_series", "series_complete"): True,
        ("series_features", "finite_where_defined"): True,
        ("series_clusters", "clusters_add_up"): True,
    }
    assert not (recorded.project.root / "warehouse" / "_scratch").exists()


def test_the_description_of_the_recording_decides(recorded: Run) -> None:
    features = recorded.metadata("series_features")["neurons"]
    assert features["options"]["period_frames"] == 10
    row = recorded.project.table("series_features").head(1, ["operations"]).to_pylist()[0]
    assert [name for name, _ in row["operations"]] == features["options"]["operations"]
    clusters = recorded.metadata("series_clusters")["neurons"]
    assert clusters["sizes"] == [78, 78, 78, 78]
    assert clusters["options"]["k"] == 4
    assert clusters["inertia"] == pytest.approx(548.9, rel=0.5)
    assert recorded.metadata("pixel_series")["neurons"]["series_per_second"] > 100
    assert recorded.metadata("recording_frames")["neurons"]["shape"] == "(2, 28, 36)"


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_shown_and_kept_as_files(recorded: Run, name: str) -> None:
    metadata = recorded.metadata(name)["neurons"]
    shown = re.fullmatch(r"!\[.*\]\(data:image/png;base64,(.*)\)", metadata["map"])
    assert shown
    path = Path(metadata["file"])
    assert path == recorded.project.root / "warehouse" / "_pictures" / "recording=neurons" / f"{name}.png"
    for content in (base64.b64decode(shown.group(1)), path.read_bytes()):
        with Image.open(io.BytesIO(content)) as image:
            assert image.width > 2 * image.height  # two planes and a legend
            colours = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)
            assert len(colours) > 50


@pytest.mark.parametrize("code", GUIDE, ids=range(len(GUIDE)))
def test_the_examples_of_the_guide_run(recorded: Run, code: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/warehouse").symlink_to(recorded.project.root / "warehouse")
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


def test_a_broken_recording_fails_alone_and_says_why(recorded: Run) -> None:
    project = recorded.project
    write_deviating(project.root / "recordings" / "odd")
    register_classes(project.instance, ["odd"], RECORDING)
    before = project.written("pixel_series", "neurons")
    found = run(project, ["neurons", "odd"], "recordings", "recording_frames", "pixel_series")
    assert not found.result.success
    assert found.failure.startswith("pixel_series: 1 of 2 partitions failed; the others are committed.")
    assert "t2.png: is uint8 (1, 6, 4); the other frames are uint8 (1, 5, 4)" in found.failure
    assert found.metadata("recording_frames")["odd"]["failures"] == 3
    assert not before.keys() & project.written("pixel_series", "neurons").keys()
    assert project.materialized("pixel_series") == {"neurons"}
    evaluations = found.result.get_asset_check_evaluations()
    (frames,) = [item for item in evaluations if item.check_name == "frames_complete"]
    assert not frames.passed
    assert frames.metadata["n_problems"].value == 3

    shutil.rmtree(project.root / "recordings" / "odd")
    again = run(project, ["odd"], "recording_frames")
    assert "the source of recordings has no 'odd' any more" in again.failure
    assert project.table("recording_frames").counts()["odd"].rows == 6


def test_a_recording_without_a_period_has_no_phase_map(recorded: Run) -> None:
    project = recorded.project
    source = project.root / "recordings" / "still"
    shutil.copytree(NEURONS, source)
    (source / "recording.json").unlink()
    for file in source.glob("time00[6-9].tif"):
        file.unlink()
    register_classes(project.instance, ["still"], RECORDING)
    stages = ("recordings", "recording_frames", "pixel_series", "series_features", "phase_map")
    found = run(project, ["still"], *stages)
    assert found.result.success, found.failure
    assert "no stimulus period" in found.metadata("phase_map")["still"]["note"]
    assert project.table("series_features").counts(["still"])["still"].nulls["phase"] == 2016
    assert found.metadata("register_recordings")[None]["n_recordings"] == 2
    shutil.rmtree(source)


def test_a_recording_that_is_gone_keeps_its_own_options(recorded: Run) -> None:
    project = recorded.project
    shutil.move(project.root / "recordings/neurons", project.root / "elsewhere")
    try:
        shutil.copytree(project.root / "elsewhere", project.root / "recordings/other")
        assert run(project, ["neurons"], "recordings").result.success
        assert own_options(project.warehouse.artifacts)["neurons"]["k"] == 4
    finally:
        shutil.rmtree(project.root / "recordings/other")
        shutil.move(project.root / "elsewhere", project.root / "recordings/neurons")


def test_an_unknown_recording_says_how_it_is_registered(recorded: Run) -> None:
    with pytest.raises(UnknownClassError, match="recording 'fly' is not registered") as caught:
        range_tags(recorded.project.instance, ["fly"], RECORDING)
    assert "the asset recordings" in str(caught.value)


def test_stages_after_one_that_is_missing_name_it(recorded: Run) -> None:
    project = recorded.project
    register_classes(project.instance, ["fly"], RECORDING)
    for asset, before in (("series_features", "pixel_series"), ("std_map", "series_features")):
        found = run(project, ["fly"], asset)
        assert f"{before} does not hold the recording: materialize {before} for it first" in found.failure
