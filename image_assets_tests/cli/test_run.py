"""One run of the whole chain as a process, from nothing, and what comes after it."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance, DagsterRunStatus

from image_assets.warehouse.state import partition_states
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.assets.project import CLASSES, ROWS
from image_assets_tests.cli.process import Workspace, error_of

Done = subprocess.CompletedProcess[str]

TABLES = ["raw_images", "decoded_frames", "cnn_features", "reduced_features", "predictions"]


@pytest.fixture(scope="module")
def stopped(workspace: Workspace) -> Done:
    """The first run, which hears Ctrl-C when its first stage has ended."""
    process = workspace.start("image-assets", "run")
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("raw_images: "):
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess([], process.returncode, "".join(lines) + rest, errors)


@pytest.fixture(scope="module")
def done(workspace: Workspace, stopped: Done) -> Done:
    """The run that goes on after it."""
    return workspace.image_assets("run")


def test_ctrl_c_stops_with_one_line_that_says_how_to_go_on(stopped: Done, workspace: Workspace) -> None:
    assert stopped.returncode == 130
    assert "stopping: what is committed is kept" in stopped.stdout
    said = [line for line in stopped.stderr.splitlines() if "incubator modules" not in line]
    assert len(said) == 1, stopped.stderr
    assert re.fullmatch(
        r"stopped: (raw_images|decoded_frames) has [123] of 3 classes, all kept and recorded; go on with: "
        r"image-assets run",
        said[0],
    )


def test_what_was_committed_before_ctrl_c_is_kept_and_recorded(stopped: Done, workspace: Workspace) -> None:
    with DagsterInstance.from_config(str(workspace.folder / "home")) as instance:
        run = instance.get_runs()[-1]  # the first one
        assert run.status == DagsterRunStatus.CANCELED
        events = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    recorded: dict[str, set[str]] = {table: set() for table in TABLES}
    for event in (entry.get_dagster_event() for entry in events):
        if event.partition and event.asset_key:
            recorded[event.asset_key.to_user_string()].add(event.partition)
    assert recorded["raw_images"] == set(CLASSES)
    for name in TABLES:
        committed = {
            partition
            for partition, state in partition_states(Warehouse.at(workspace.warehouse).table(name)).items()
            if state.commit and state.commit.run == run.run_id
        }
        assert committed == recorded[name]


@pytest.fixture
def instance(workspace: Workspace, done: Done) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(workspace.folder / "home")) as instance:
        yield instance


def written(workspace: Workspace, table: str) -> dict[Path, int]:
    folder = workspace.warehouse / table
    files = Warehouse.at(workspace.warehouse).table(table).files()
    return {folder / file.path: (folder / file.path).stat().st_mtime_ns for file in files}


def test_a_run_succeeds_and_nothing_disturbs_its_output(done: Done) -> None:
    assert done.returncode == 0, done.stderr
    noise = [line for line in done.stderr.splitlines() if line.strip() and "incubator modules" not in line]
    assert not re.search(r"warn|traceback|error|deprecat", "\n".join(noise), re.IGNORECASE)


def test_a_run_ends_with_a_table_of_its_classes(done: Done) -> None:
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert rows == [
        ["Apple_Red_1", "12", "1", "5", "80.00%"],
        ["Apple_Red_2", "9", "1", "3", "100.00%"],
        ["Cherry", "7", "1", "2", "100.00%"],
        ["all", "28", "3", "10", "90.00%"],
    ]


def test_a_run_tells_what_it_does_and_how_fast(done: Done, workspace: Workspace) -> None:
    lines = done.stdout.splitlines()
    assert lines[0] == f"image_assets: 3 classes of the source {workspace.folder}/source into {workspace.warehouse}"
    stages = [match for line in lines if (match := re.match(r"(\w+): ([\d,]+) pictures in [\d.,]+ s, [\d.,]+/s", line))]
    last = {match.group(1): match.group(2) for match in stages}
    assert {name: last.pop(name) for name in TABLES} == dict(zip(TABLES, ["28", "28", "25", "25", "25"], strict=True))
    assert last == {"near_duplicates": "25"}


def test_a_run_says_where_its_results_are(done: Done, workspace: Workspace, instance: DagsterInstance) -> None:
    found = re.search(r"Tables: (\S+)\s+Run: (\S+)", done.stdout)
    assert found
    assert f"Report: {(workspace.warehouse / 'report.html').as_uri()}\n" in done.stdout
    assert (workspace.warehouse / "report.html").read_text().startswith("<!doctype html>")
    assert Path(found.group(1)) == workspace.warehouse
    run = instance.get_run_by_id(found.group(2))
    assert run is not None
    assert (run.status, run.job_name) == (DagsterRunStatus.SUCCESS, "fruits")


def test_the_classes_are_registered_and_on_record(instance: DagsterInstance) -> None:
    assert list(instance.get_dynamic_partitions("fruit_class")) == CLASSES
    for table in TABLES:
        assert instance.get_materialized_partitions(AssetKey(table)) == set(CLASSES)
    assert instance.get_latest_materialization_event(AssetKey("evaluation")) is not None


def test_the_tables_hold_the_rows(done: Done, workspace: Workspace) -> None:
    counts = {
        name: {key: found.rows for key, found in Warehouse.at(workspace.warehouse).table(name).counts().items()}
        for name in TABLES
    }
    decoded = {name: n - 1 for name, n in ROWS.items()}
    assert counts == {**dict.fromkeys(TABLES[:2], ROWS), **dict.fromkeys(TABLES[2:], decoded)}
    others = {"evaluation", "near_duplicates", "exports", "report.html", "_artifacts"}
    assert {path.name for path in workspace.warehouse.iterdir()} == {*TABLES, *others}


def test_dagster_recomputes_one_class_and_leaves_the_others(done: Done, workspace: Workspace) -> None:
    before = {table: written(workspace, table) for table in TABLES}
    command = ("asset", "materialize", "-m", "image_assets.definitions", "--select", "decoded_frames")
    anew = ("--config-json", '{"resources": {"reuse": {"config": {"recompute": true}}}}')
    again = workspace.run("dagster", *command, "--partition", "Cherry", *anew)
    assert again.returncode == 0, again.stderr
    after = {table: written(workspace, table) for table in TABLES}
    assert {table for table in TABLES if after[table] != before[table]} == {"decoded_frames"}
    changed = set(after["decoded_frames"].items()) ^ set(before["decoded_frames"].items())
    assert {path.parent.name for path, _ in changed} == {"fruit_class=Cherry"}
    assert len(changed) == 2


def test_a_run_of_scattered_classes_keeps_the_fit_and_the_others(done: Done, workspace: Workspace) -> None:
    apple = {path for path in written(workspace, "predictions") if "Apple_Red_2" in str(path)}
    projections = Warehouse.at(workspace.warehouse).artifacts.resolve("projection", "feature_projection")
    again = workspace.image_assets("run", "Cherry", "Apple_Red_1")
    assert again.returncode == 0, again.stderr
    assert "90.00%" in again.stdout
    assert {path for path in written(workspace, "predictions") if "Apple_Red_2" in str(path)} == apple
    assert Warehouse.at(workspace.warehouse).artifacts.resolve("projection", "feature_projection") == projections


def test_dagster_says_how_an_unknown_class_is_registered(done: Done, workspace: Workspace) -> None:
    command = ("asset", "materialize", "-m", "image_assets.definitions", "--select", "decoded_frames")
    unknown = workspace.run("dagster", *command, "--partition", "Dragonfruit")
    assert unknown.returncode == 1
    assert error_of(unknown) == (
        "Error: fruit_class 'Dragonfruit' is not registered. Registered: Apple_Red_1, Apple_Red_2, Cherry. Register "
        "what the source holds with `image-assets classes --register`, or by materializing the asset fruit_classes."
    )


def test_a_run_that_fails_says_at_which_stage_and_why(bare: Workspace) -> None:
    failed = bare.image_assets("run", "Kiwi", IMAGE_ASSETS_BACKBONE="resnet5000")
    assert failed.returncode == 1
    message = error_of(failed)
    assert message.startswith("error: cnn_features: ")
    assert "There is no backbone 'resnet5000'; choose one of: efficientnet_lite0, mobilenet_v2" in message
    assert re.search(r"The whole story: make dev, run [0-9a-f-]{36}$", message)
    counts = Warehouse.at(bare.warehouse).table("decoded_frames").counts()
    assert (counts["Kiwi"].rows, counts["Kiwi"].nulls["decode_error"]) == (2, 0)


def test_the_definitions_are_valid_for_dagster(workspace: Workspace) -> None:
    (workspace.folder / "workspace.yaml").write_bytes((Path(__file__).parents[2] / "workspace.yaml").read_bytes())
    valid = workspace.run("dagster", "definitions", "validate")
    assert valid.returncode == 0, valid.stderr
    assert "Validation successful for code location image_assets" in valid.stdout + valid.stderr
    assert not re.search(r"(Beta|Preview|Deprecation)Warning", valid.stderr)
