"""A run that is killed at any moment: the tables stay readable, and the next run finishes the work."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus

from image_assets_tests.assets.project import CLASSES, ROWS, Project, Run
from image_assets_tests.faults.killed_run import MOMENTS
from image_assets_tests.shared import REPOSITORY

pytestmark = pytest.mark.faults

TABLES = ("raw_images", "decoded_frames", "cnn_features", "reduced_features", "predictions")
EXACT = TABLES[:3]


def start(root: Path, *moment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "image_assets_tests.faults.killed_run", str(root), *moment]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)


def rows(project: Project, table: str) -> list[dict[str, Any]]:
    return sorted(project.table(table).read().to_pylist(), key=lambda row: str(row["path"]))


def test_runs_that_are_killed_at_ten_moments_leave_nothing_behind(chain: Run, tmp_path: Path) -> None:
    """Each run is the next one after the one before it, and is killed in turn, a step further on."""
    shutil.copytree(chain.project.source, tmp_path / "source", symlinks=True)
    (tmp_path / "home").mkdir()
    shutil.copy(REPOSITORY / ".dagster/dagster.yaml", tmp_path / "home")
    with DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        project = Project(tmp_path, instance)
        for moment in MOMENTS:
            ended = start(tmp_path, moment)
            assert ended.returncode == -signal.SIGKILL, f"{moment}: {ended.stderr[-2000:]}"
            for table in TABLES:
                failed = 0 if table in TABLES[:2] else 1
                whole = {name: count - failed for name, count in ROWS.items()}
                for name, found in project.table(table).counts().items():
                    assert found.rows == whole[name], f"{moment}: {table} has a part of {name}"
                assert len(rows(project, table) if project.table(table).exists() else []) <= sum(whole.values())

        ended = start(tmp_path)
        assert ended.returncode == 0, ended.stderr[-2000:]

        for table in EXACT:
            assert rows(project, table) == rows(chain.project, table)
        labels = [[row["predicted_label"] for row in rows(found, "predictions")] for found in (project, chain.project)]
        assert labels[0] == labels[1]
        assert set(project.materialized("predictions")) == set(CLASSES)
        statuses = [run.status for run in instance.get_runs()]
        assert statuses.count(DagsterRunStatus.SUCCESS) == 1
        assert statuses.count(DagsterRunStatus.FAILURE) == len(MOMENTS)
