"""Java, memory and disk."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from image_assets.diagnosis.finding import Finding
from image_assets.spark.java import check_java, java_executable
from image_assets.warehouse.location import Location

MIB = 1 << 20
GIB = 1 << 30
WORKER_BYTES = 350 * MIB
"""Of a Python worker and of the driver, see docs/performance.md."""
LEAST_FREE_BYTES = GIB
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def java() -> Finding:
    """Look for the Java that Spark needs."""
    return Finding("Java", "ok", f"Java {check_java()} ({java_executable()})")


def memory(heap: str, workers: int) -> Finding:
    """Compare the memory of the machine, or of its container, with what a run takes.

    Args:
        heap: of the JVM, such as `2g`.
        workers: Python workers at once, one per task slot.
    """
    needed = heap_bytes(heap) + (workers + 1) * WORKER_BYTES
    total = memory_limit()
    text = f"{total / GIB:.1f} GiB; a run takes {needed / GIB:.1f} GiB at most ({heap} for the JVM, {workers} workers)"
    if total < needed:
        remedy = (
            f"set IMAGE_ASSETS_SPARK_MASTER to local[{max(1, workers // 2)}], or IMAGE_ASSETS_SPARK_DRIVER_MEMORY to 1g"
        )
        return Finding("memory", "warn", text, remedy)
    return Finding("memory", "ok", text)


def memory_limit() -> int:
    """Return the bytes of memory that this process may use: the machine's, or those of its container."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [int(text) for file in CGROUP_LIMITS if file.is_file() and (text := file.read_text().strip()).isdigit()]
    return min([total, *limits])


def heap_bytes(text: str) -> int:
    """Return the bytes of a size as the JVM understands it, such as `2g` or `512m`."""
    match = re.fullmatch(r"(\d+)([kmgt]?)b?", text.strip().lower())
    if match is None:
        return 0
    return int(match.group(1)) << (10 * " kmgt".index(match.group(2) or " "))


def disk(warehouse: Location, expected_bytes: int) -> Finding:
    """Compare the free space below the warehouse, and that of temporary files, with what a full run writes.

    Args:
        warehouse: where the tables are.
        expected_bytes: that a run over all pictures writes at most.
    """
    folders = [tempfile.gettempdir()] if warehouse.is_s3 else [str(existing_parent(Path(warehouse.path)))]
    free = {folder: shutil.disk_usage(folder).free for folder in folders}
    folder, least = min(free.items(), key=lambda item: item[1])
    text = f"{least / GIB:,.1f} GiB free at {folder}; a full run writes {expected_bytes / GIB:,.2f} GiB at most"
    remedy = "free some space (image-assets vacuum removes old versions), or set IMAGE_ASSETS_WAREHOUSE to another disk"
    if least < LEAST_FREE_BYTES:
        return Finding("disk", "fail", text, remedy)
    if not warehouse.is_s3 and least < expected_bytes:
        return Finding("disk", "warn", text, remedy)
    return Finding("disk", "ok", text)


def existing_parent(path: Path) -> Path:
    """Return the nearest folder above a path, or the path itself, that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
