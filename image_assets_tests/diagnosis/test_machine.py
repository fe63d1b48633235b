from pathlib import Path

import pytest

from image_assets.diagnosis import machine
from image_assets.diagnosis.machine import GIB, MIB, WORKER_BYTES, disk, existing_parent, heap_bytes, memory
from image_assets.warehouse.location import Location


def test_java_is_found_with_its_version() -> None:
    finding = machine.java()
    assert finding.state == "ok"
    assert finding.message.startswith("Java ")


@pytest.mark.parametrize(("text", "size"), [("2g", 2 * GIB), ("512m", 512 * MIB), ("1024", 1024), ("much", 0)])
def test_a_heap_is_counted_as_the_jvm_does(text: str, size: int) -> None:
    assert heap_bytes(text) == size


def test_memory_is_compared_with_what_a_run_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = 2 * GIB + 5 * WORKER_BYTES
    monkeypatch.setattr(machine, "memory_limit", lambda: needed)
    assert memory("2g", 4).state == "ok"
    monkeypatch.setattr(machine, "memory_limit", lambda: needed - 1)
    short = memory("2g", 4)
    assert short.state == "warn"
    assert "IMAGE_ASSETS_SPARK_MASTER to local[2]" in short.remedy


def test_the_limit_of_a_container_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    monkeypatch.setattr(machine, "CGROUP_LIMITS", (tmp_path / "memory.max",))
    assert machine.memory_limit() == 1_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.memory_limit() > GIB


def test_disk_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    assert existing_parent(tmp_path / "a/b") == tmp_path
    found = disk(Location.of(tmp_path / "a/b"), 1)
    assert found.state == "ok"
    assert f"free at {tmp_path}" in found.message
    assert disk(Location.of(tmp_path), 1 << 60).state == "warn"
