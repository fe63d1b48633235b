"""Two runs at once: on different classes both succeed, on the same class the last wins and nothing mixes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from image_assets_tests.chain_process import ChainProcess, Tables, sample_pictures, tables_at

pytestmark = pytest.mark.faults

COPIES = {"Cherry": 2, "Banana": 2, "Kiwi": 2, "Pear": 2}


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[tuple[list[ChainProcess], Tables]]:
    """Two runs with instances of their own, so that no pool makes one wait for the other."""
    rows = sample_pictures(tmp_path / "source", COPIES)
    environment = {
        "IMAGE_ASSETS_SOURCE": str(tmp_path / "source"),
        "IMAGE_ASSETS_WAREHOUSE": str(tmp_path / "warehouse"),
        "IMAGE_ASSETS_SPARK_MASTER": "local[1]",
        "IMAGE_ASSETS_SPARK_DRIVER_MEMORY": "1g",
        "IMAGE_ASSETS_RECOMPUTE": "true",
    }
    processes = [ChainProcess(tmp_path / name, environment) for name in ("first", "second")]
    try:
        yield processes, tables_at(tmp_path / "warehouse", rows)
    finally:
        for process in processes:
            process.clean_up()


def together(processes: list[ChainProcess], *classes: tuple[str, ...]) -> None:
    for process, chosen in zip(processes, classes, strict=True):
        process.start(*chosen)
    for process in processes:
        assert process.finish() == 0, process.said


def test_two_runs_lose_no_update_and_mix_nothing(runs: tuple[list[ChainProcess], Tables]) -> None:
    processes, tables = runs
    assert processes[0].run() == 0, processes[0].said  # fits what the runs of some classes apply
    tables.assert_complete()

    together(processes, ("Cherry", "Banana"), ("Kiwi", "Pear"))
    tables.assert_complete()

    together(processes, ("Cherry", "Kiwi"), ("Cherry", "Kiwi"))
    tables.assert_complete()
    for name in ("raw_images", "cnn_features", "predictions"):
        table = tables.warehouse.table(name)
        commits = [entry for entry in table.snapshot().history() if "dagster_run" in str(entry)]
        assert len(commits) == 12, f"{name}: a commit per class and run"
    tables.assert_vacuum_removes_only_orphans()
