"""Hostile pictures through the real stages: each a frame or a row with a reason, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance
from pyspark.sql import SparkSession

from benchmarks.harness.worker_memory import WorkerMemory
from image_assets_tests.assets.project import Project
from image_assets_tests.faults.hostile_pictures import write_hostile_folder

pytestmark = [
    pytest.mark.faults,
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]

CASES = 10_000
SEED = 7
WORKER_MIB = 1024
"""A worker holds one picture of at most 89 million pixels, once as it is and once as RGB."""


@pytest.fixture
def project(spark: SparkSession, tmp_path: Path) -> Iterator[Project]:
    with DagsterInstance.ephemeral() as instance:
        yield Project(tmp_path, instance)


def test_ten_thousand_hostile_pictures_are_frames_or_reasons(project: Project) -> None:
    expected = write_hostile_folder(project.source / "hostile", CASES, SEED)
    assert len(expected) >= CASES
    project.register("hostile")
    with WorkerMemory() as memory:
        run = project.run("raw_images", "decoded_frames", classes=["hostile"])
    assert run.result.success, run.failure

    raw = project.table("raw_images").read(["path", "read_error", "length"]).to_pylist()
    frames = project.table("decoded_frames").read(["path", "frame", "decode_error"]).to_pylist()
    paths = sorted(f"hostile/{name}" for name in expected)
    assert sorted(row["path"] for row in raw) == paths
    assert sorted(row["path"] for row in frames) == paths
    assert [row["path"] for row in frames if (row["frame"] is None) == (row["decode_error"] is None)] == []
    decoded = {row["path"].removeprefix("hostile/"): row["frame"] is not None for row in frames}
    assert {name for name, right in expected.items() if right is not None and decoded[name] != right} == set()
    assert memory.workers
    assert memory.peak_anonymous_mib < WORKER_MIB
