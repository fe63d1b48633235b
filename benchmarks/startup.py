"""Start-up: seconds from the command to the first feature, and where they go.

With the network exported on the way, and with the network in the cache of the warehouse. First from inside, without
Dagster, a mark after each phase; then from outside, by the files that `image-assets run` makes. Few images, so that
next to nothing of it is work.

    python -m benchmarks.startup [--images 60] [--runs 3]
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.harness.cold import ContestantError, run_cold
from benchmarks.harness.measuring import Spread, interleaved
from benchmarks.harness.options import network, parser, work_folder
from benchmarks.harness.prepared import Prepared, prepare
from benchmarks.harness.report import open_console, print_table, write_report

POLL_SECONDS = 0.02
APPEARANCES = {
    "first picture packed": "raw_images/**/*.parquet",
    "first frame decoded": "decoded_frames/**/*.parquet",
    "network in the cache": "_artifacts/graphs/*.onnx",
    "first feature": "cnn_features/**/*.parquet",
}
Phases = dict[str, float]


def from_inside(arguments: argparse.Namespace, prepared: Prepared, folder: Path, *, cached: bool) -> Phases:
    """Run the chain up to the first feature and return the seconds of each phase."""
    options = {
        "source": prepared.source,
        "warehouse": prepared.new_warehouse(folder / "ours", with_graph=cached),
        **network(arguments),
    }
    run = run_cold("first_feature", options, folder)
    phases: Phases = run.result["phases"]
    return {**phases, "command to first feature": run.seconds}


def from_outside(arguments: argparse.Namespace, prepared: Prepared, folder: Path, *, cached: bool) -> Phases:
    """Run `image-assets run` and return when its files appeared, in seconds since the command.

    Raises:
        ContestantError: if it fails.
    """
    warehouse = prepared.new_warehouse(folder / "ours", with_graph=cached)
    environment = {
        **os.environ,
        "IMAGE_ASSETS_SOURCE": str(prepared.source),
        "IMAGE_ASSETS_WAREHOUSE": str(warehouse),
        "IMAGE_ASSETS_BACKBONE": arguments.backbone,
        "IMAGE_ASSETS_ENGINE": arguments.engine,
        "IMAGE_ASSETS_ENGINE_PRECISION": arguments.precision,
        "IMAGE_ASSETS_WEIGHTS_DIR": str(arguments.weights_dir),
        "DAGSTER_HOME": str(folder / "dagster"),
    }
    (folder / "dagster").mkdir(exist_ok=True)
    command = [str(Path(sys.executable).with_name("image-assets")), "run"]
    seen: Phases = {}
    with (folder / "image-assets.log").open("wb") as log:
        started = time.time()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        while process.poll() is None:
            for name, pattern in APPEARANCES.items():
                if name not in seen and next(warehouse.glob(pattern), None):
                    seen[name] = time.time() - started
            time.sleep(POLL_SECONDS)
    if "first feature" not in seen:
        raise ContestantError(f"image-assets run ended with {process.returncode} without a feature; see {log.name}")
    return {**seen, "the whole chain": time.time() - started}


def measure(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure, print two tables, and return what goes into the JSON."""
    with work_folder(arguments) as folder:
        prepared = prepare(arguments, folder)
        results = {}
        for title, way in (("from inside", from_inside), ("image-assets run", from_outside)):
            ways: dict[str, Callable[[], Phases]] = {
                f"{title}, network exported": partial(way, arguments, prepared, folder, cached=False),
                f"{title}, network in the cache": partial(way, arguments, prepared, folder, cached=True),
            }
            exported, cached = interleaved(ways, arguments.runs, console).values()
            results[title] = compare(title, exported, cached, console)
    return {"n_images": prepared.n_images, **results}


def compare(title: str, exported: Sequence[Phases], cached: Sequence[Phases], console: Console) -> dict[str, Any]:
    """Print seconds by phase, with and without an export, and return them."""
    rows, results = [], {}
    for phase in exported[0]:
        columns = [Spread.of([run[phase] for run in runs]) for runs in (exported, cached)]
        rows.append((phase, *columns))
        results[phase] = {"exported": columns[0].as_json(), "cached": columns[1].as_json()}
    print_table(console, f"Seconds, {title}", ["phase", "network exported", "network in the cache"], rows)
    return results


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = parser(__doc__, images=60, backbone="efficientnet_lite0", any_precision=True).parse_args()
    console = open_console()
    write_report("startup", vars(arguments), measure(arguments, console), console)


if __name__ == "__main__":
    main()
