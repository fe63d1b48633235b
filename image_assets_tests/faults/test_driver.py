"""The driver killed at random moments: the tables stay readable and whole, and the next run completes."""

import random
import time
from collections.abc import Iterator

import pytest

from image_assets_tests.chain_process import ChainProcess, Tables, sample_pictures, tables_at

pytestmark = pytest.mark.faults

KILLS = 20
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


def test_twenty_kills_leave_whole_tables_and_the_next_run_completes(project: tuple[ChainProcess, Tables]) -> None:
    process, tables = project
    # Not from a first complete run: the first kills fall into the making of the tables.
    moments, duration, killed = random.Random(SEED), 30.0, 0
    while killed < KILLS:
        process.start()
        time.sleep(moments.uniform(2.0, duration))
        if process.running:
            process.kill()
            killed += 1
        tables.assert_readable()
    started = time.monotonic()
    assert process.run() == 0, process.said
    assert time.monotonic() - started < 10 * duration
    tables.assert_complete()


def test_vacuum_removes_what_the_dead_have_left_and_nothing_else(project: tuple[ChainProcess, Tables]) -> None:
    _, tables = project
    assert tables.assert_vacuum_removes_only_orphans() > 0
