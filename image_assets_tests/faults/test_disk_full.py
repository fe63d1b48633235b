"""A disk that fills while tables are written: one clear error, and the old version as it was."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_assets_tests.chain_process import ChainProcess, Tables, sample_pictures, tables_at

pytestmark = pytest.mark.faults

COPIES = {"Cherry": 2, "Banana": 2}
DISK_MIB = 24


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own in memory, too small for two versions of the frames."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def chain(disk: Path, tmp_path: Path) -> Iterator[tuple[ChainProcess, Tables]]:
    rows = sample_pictures(tmp_path / "source", COPIES)
    environment = {
        "IMAGE_ASSETS_SOURCE": str(tmp_path / "source"),
        "IMAGE_ASSETS_WAREHOUSE": str(disk / "warehouse"),
        "IMAGE_ASSETS_SPARK_MASTER": "local[2]",
        "IMAGE_ASSETS_RECOMPUTE": "true",
    }
    process = ChainProcess(tmp_path / "run", environment)
    try:
        yield process, tables_at(disk / "warehouse", rows)
    finally:
        process.clean_up()


def test_a_full_disk_leaves_the_old_version(chain: tuple[ChainProcess, Tables], disk: Path) -> None:
    process, tables = chain
    assert process.run() == 0, process.said
    before = {name: tables.warehouse.table(name).version() for name in ("decoded_frames", "predictions")}

    filler = disk / "filler"
    free = subprocess.run(["df", "-B1", "--output=avail", str(disk)], capture_output=True, text=True, check=True)
    filler.write_bytes(bytes(int(free.stdout.split()[1]) - 300_000))
    assert process.run() == 1
    errors = process.said[process.said.index("error:") :]
    assert "No space left on device" in errors
    assert "Traceback" not in process.said
    tables.assert_complete()
    assert {name: tables.warehouse.table(name).version() for name in before} == before
    assert tables.warehouse.table("decoded_frames").vacuum(0, dry_run=True) == []  # no half file fills the disk

    filler.unlink()
    assert process.run() == 0, process.said
    tables.assert_complete()
    tables.assert_vacuum_removes_only_orphans()
