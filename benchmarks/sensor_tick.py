"""A look of the sensor at 131 classes with 90,000 files (hard links): the first, one without and one with changes.

python -m benchmarks.sensor_tick [--files 90000] [--classes 131]
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness.measuring import Spread
from benchmarks.harness.options import parser, work_folder
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.fruits.discovery import Look, Memory, look
from image_assets.vision.sources import open_source

OLD = 1_700_000_000
"""Time of the files: long at rest."""


def make_source(folder: Path, n_classes: int, n_files: int) -> Path:
    """Fill folders with hard links to one file per class: file systems allow some 65,000 links to one."""
    models = [folder / f"model_{number}" for number in range(n_classes)]
    for model in models:
        model.write_bytes(b"x" * 5000)
        os.utime(model, (OLD, OLD))
    source = folder / "source"
    for number in range(n_files):
        name = source / ("Training" if number % 4 else "Test") / f"Fruit {number % n_classes}"
        if number < 4 * n_classes:
            name.mkdir(parents=True, exist_ok=True)
        os.link(models[number % n_classes], name / f"{number}_100.jpg")
    for parent, _, _ in os.walk(source):
        os.utime(parent, (OLD, OLD))
    return source


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of each kind of look, and how many folders it listed."""
    with work_folder(arguments) as folder:
        source = make_source(folder, arguments.classes, arguments.files)
        memory = Memory(str(source))
        found: dict[str, Any] = {}

        def tick(full: bool) -> Look:
            return look(
                open_source(source), memory, time.time(), settle_seconds=0, full_every_seconds=0 if full else 1e9
            )

        def timed(name: str, act: Callable[[], Look]) -> Look:
            started = time.perf_counter()
            seen = act()
            text = seen.done().to_json()
            Memory.from_json(text, str(source))
            entry = found.setdefault(name, {"seconds": [], "listed": seen.listed, "cursor_kib": len(text) // 1024})
            entry["seconds"].append(time.perf_counter() - started)
            return seen

        for round_number in range(arguments.runs):
            memory = timed("first, or full listing", lambda: tick(True)).done()
            memory = timed("nothing changed", lambda: tick(False)).done()
            for number in range(5):
                (source / "Training" / f"Fruit {number}" / f"new_{round_number}.jpg").write_bytes(b"y")
            memory = timed("5 classes changed", lambda: tick(False)).done()
    return found


if __name__ == "__main__":
    options = parser(__doc__, images=None, backbone=None)
    options.add_argument("--files", type=int, default=90_000, help="pictures")
    options.add_argument("--classes", type=int, default=131, help="classes")
    given = options.parse_args()
    console = open_console()
    results = measure(given)
    rows = [
        (name, f"{Spread.of(entry['seconds']).median:.2f}", entry["listed"], entry["cursor_kib"])
        for name, entry in results.items()
    ]
    print_table(console, "A look of the sensor", ["look", "seconds", "folders listed", "cursor in KiB"], rows)
    write_report("sensor_tick", vars(given), results, console)
