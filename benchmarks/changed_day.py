"""A day on which 1 % of the pictures changes: how many are computed, and what the stages cost against a full run.

python -m benchmarks.changed_day [--share 0.01] [--classes 5]

The pictures are hard links; a third of the changes are new pictures, a third altered ones, a third deleted ones.
"""

import argparse
import os
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
from dagster import DagsterInstance, ExecuteInProcessResult
from PIL import Image

from benchmarks.harness.options import parser, work_folder
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.automation.partitions import range_tags, register_classes
from image_assets.definitions import build_definitions
from image_assets.settings import Settings
from image_assets.vision.sources import open_source

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
STAGES = ("raw_images", "decoded_frames", "cnn_features", "reduced_features", "predictions")


def link_photographs(source: Path, destination: Path) -> list[str]:
    """Link every picture of a source to the same place below another folder, and return the paths."""
    images = open_source(source)
    paths = [
        file.path for folders in images.class_folders().values() for name in folders for file in images.files(name)
    ]
    for path in paths:
        target = destination / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source / path, target)
        except OSError:  # another file system, or somebody else's file
            target.write_bytes((source / path).read_bytes())
    return paths


def change(folder: Path, paths: list[str], share: float, n_classes: int) -> dict[str, int]:
    """Add, alter and delete pictures of a few classes, as many of each, and return how many of each."""
    draw = random.Random(0)  # noqa: S311 - a choice of pictures, no secret
    names = sorted({path.split("/")[1] for path in paths})
    chosen = set(draw.sample(names, n_classes))
    candidates = [path for path in paths if path.split("/")[1] in chosen]
    each = round(len(paths) * share / 3)
    altered, deleted, models = np.array_split(np.array(draw.sample(candidates, 3 * each)), 3)
    for number, path in enumerate([*altered, *models]):
        image = Image.open(folder / path).convert("RGB").point(lambda value: 255 - value)
        image.putpixel((0, 0), (number % 256, number // 256, 7))
        target = folder / path
        if number >= each:
            target = target.with_name(f"new_{number}.jpg")
        else:
            target.unlink()  # the link, not the picture that others share
        image.save(target, quality=95)
    for path in deleted:
        (folder / path).unlink()
    return {"new": each, "altered": each, "deleted": each}


def seconds(result: ExecuteInProcessResult) -> dict[str, float]:
    """Return the seconds of each stage."""
    ends = {event.step_key: event for event in result.all_events if event.is_step_success}
    return {name: ends[name].step_success_data.duration_ms / 1000 for name in STAGES}


def computed(result: ExecuteInProcessResult) -> dict[str, int]:
    """Return the pictures that each stage has computed."""
    return {
        name: sum(int(str(event.metadata["computed"].value)) for event in result.asset_materializations_for_node(name))
        for name in STAGES
    }


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the three days and return seconds and counts of each."""
    found: dict[str, Any] = {}
    with work_folder(arguments) as folder, DagsterInstance.ephemeral() as instance:
        paths = link_photographs(arguments.source, folder / "source")
        settings = Settings(source=str(folder / "source"), warehouse=str(folder / "warehouse"))
        job = build_definitions(settings).resolve_job_def("fruits")
        classes = list(open_source(folder / "source").class_folders())
        register_classes(instance, classes)
        for day in ("full", "changed", "unchanged"):
            if day == "changed":
                found["changes"] = change(folder / "source", paths, arguments.share, arguments.classes)
            result = job.execute_in_process(instance=instance, tags=range_tags(instance, classes), run_config=QUIET)
            found[day] = {"seconds": seconds(result), "computed": computed(result)}
    found["pictures"] = len(paths)
    return found


if __name__ == "__main__":
    options = parser(__doc__, images=None, backbone=None)
    options.add_argument("--share", type=float, default=0.01, help="share of the pictures that changes")
    options.add_argument("--classes", type=int, default=5, help="classes that the changes are in")
    given = options.parse_args()
    console = open_console()
    results = measure(given)
    full = results["full"]["seconds"]
    rows = [
        (
            name,
            *(
                f"{results[day]['computed'][name]:,} / {results[day]['seconds'][name]:.1f} s"
                for day in ("full", "changed", "unchanged")
            ),
            f"{results['changed']['seconds'][name] / full[name]:.1%}",
        )
        for name in STAGES
    ]
    print_table(
        console,
        f"{results['pictures']:,} pictures, {results['changes']}",
        ["stage", "full", "changed", "unchanged", "changed / full"],
        rows,
    )
    write_report("changed_day", vars(given), results, console)
    sys.exit(0)
