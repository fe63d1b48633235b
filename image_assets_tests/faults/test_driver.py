"""The driver killed at random moments: the tables stay readable and whole, and the next run completes."""

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_assets_tests.chain_process import ChainProcess, Tables, sample_pictures, tables_at

pytestmark = pytest.mark.faults

KILLS = 20
DIFFERENT_MOMENTS = 4
"""Numbers of finished stages at which a run was killed: fewer would mean that only one moment was tried."""
SEED = 7
COPIES = {"Cherry": 2, "Banana": 2, "Apple Red 1": 2}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChainProcess, Tables]]:
    folder = tmp_path_factory.mktemp("driver")
    rows = sample_pictures(folder / "source", COPIES)
    process = ChainProcess(
        folder,
        {
            "IMAGE_ASSETS_SOURCE": str(folder / "source"),
            "IMAGE_ASSETS_WAREHOUSE": str(folder / "warehouse"),
            "IMAGE_ASSETS_SPARK_MASTER": "local[2]",
            "IMAGE_ASSETS_SPARK_DRIVER_MEMORY": "1g",
            "IMAGE_ASSETS_RECOMPUTE": "true",  # every run writes every class
        },
    )
    try:
        yield process, tables_at(folder / "warehouse", rows)
    finally:
        process.clean_up()


def timed(process: ChainProcess, warehouse: Path) -> tuple[float, float]:
    """Run into another warehouse; return the seconds that it took, and after which share of them a table appeared."""
    started = time.monotonic()
    process.start(IMAGE_ASSETS_WAREHOUSE=str(warehouse))
    process.wait_until((warehouse / "raw_images").exists)
    first = time.monotonic() - started
    assert process.finish() == 0, process.said
    duration = time.monotonic() - started
    return duration, first / duration


def test_twenty_kills_leave_whole_tables_and_the_next_run_completes(project: tuple[ChainProcess, Tables]) -> None:
    process, tables = project
    # The first kills fall into the making of the tables, and all of them between the first table and the end.
    duration, first_table = timed(process, process.folder / "elsewhere")
    moments = random.Random(SEED)
    reached: list[int] = []
    while len(reached) < KILLS:
        started = time.monotonic()
        process.start()
        try:
            process.finish(moments.uniform(first_table, 1) * duration)
        except subprocess.TimeoutExpired:
            process.kill()
            reached.append(process.stages_done)
        else:
            duration = time.monotonic() - started  # faster than when it was timed
        tables.assert_readable()
    assert len(set(reached)) >= DIFFERENT_MOMENTS, reached
    assert process.run() == 0, process.said
    tables.assert_complete()


def test_vacuum_removes_what_the_dead_have_left_and_nothing_else(project: tuple[ChainProcess, Tables]) -> None:
    _, tables = project
    assert tables.assert_vacuum_removes_only_orphans() > 0
