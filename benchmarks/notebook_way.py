"""The notebook way against ours on the same files, both cold, from the start of the process to the last feature.

Ours in three forms: with an empty warehouse, where the network is exported on the way; with the exported network in its
cache, as in every run but the first; and through Dagster. Page caches are warm for all.

    python -m benchmarks.notebook_way [--images 1720] [--runs 3]
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.harness.agreement import features_of_files, features_of_table, largest_difference
from benchmarks.harness.cold import ColdRun, run_cold
from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import parser, work_folder
from benchmarks.harness.prepared import Prepared, prepare
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.warehouse.warehouse import Warehouse

STAGES = ["raw_images", "decoded_frames", "cnn_features"]
NOTEBOOK = "the notebook way"
FIRST_RUN = "ours, first run (network exported)"
CACHED = "ours, network in the cache"
DAGSTER = "ours through Dagster, cache"
OURS = {"first-run": FIRST_RUN, "cached": CACHED, "dagster": DAGSTER}


def contestants(arguments: argparse.Namespace, prepared: Prepared, folder: Path) -> dict[str, Callable[[], ColdRun]]:
    """Return what is measured, by name."""
    common = {"source": prepared.source, "weights_dir": arguments.weights_dir}
    network = {"backbone": arguments.backbone, "engine": arguments.engine}

    def notebook() -> ColdRun:
        shutil.rmtree(folder / "notebook", ignore_errors=True)
        return run_cold("notebook", {**common, "output": folder / "notebook"}, folder)

    def ours(*, with_graph: bool) -> ColdRun:
        warehouse = prepared.new_warehouse(folder / "ours", with_graph=with_graph)
        return run_cold("ours", {**common, **network, "warehouse": warehouse, "stages": STAGES}, folder)

    def through_dagster() -> ColdRun:
        warehouse = prepared.new_warehouse(folder / "ours")
        return run_cold("ours_through_dagster", {**common, **network, "warehouse": warehouse}, folder)

    ways: dict[str, Callable[[], ColdRun]] = {
        "first-run": lambda: ours(with_graph=False),
        "cached": lambda: ours(with_graph=True),
        "dagster": through_dagster,
    }
    return {NOTEBOOK: notebook, **{OURS[name]: ways[name] for name in arguments.ways}}


def feature_rate(run: ColdRun, n_images: int) -> float | None:
    """Return images/s of the stage that computes features; None where a run does not tell.

    Of the notebook that is its only stage, from reading files to writing Parquet.
    """
    if "job_seconds" in run.result:
        return float(n_images / run.result["job_seconds"])
    stages = {stage["stage"]: stage["seconds"] for stage in run.result.get("stages", [])}
    return n_images / stages["cnn_features"] if stages else None


def measure(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure, print the table, and return what goes into the JSON."""
    with work_folder(arguments) as folder:
        prepared = prepare(arguments, folder)
        runs = interleaved(contestants(arguments, prepared, folder), arguments.runs, console)
        expected = features_of_files(folder / "notebook", prepared.source)
        found = features_of_table(Warehouse.at(folder / "ours").table("cnn_features"))
    difference = largest_difference(found, expected, "ours")
    return summarize(runs, prepared.n_images, difference, console)


def summarize(runs: dict[str, list[ColdRun]], n_images: int, difference: float, console: Console) -> dict[str, Any]:
    """Print the table and return its content."""
    results: dict[str, Any] = {"n_images": n_images, "largest_relative_difference": difference, "ways": {}}
    rows = []
    notebook_rates = [feature_rate(run, n_images) or 0.0 for run in runs[NOTEBOOK]]
    for name, measured in runs.items():
        seconds = Spread.of([run.seconds for run in measured])
        speedup = ratios([run.seconds for run in runs[NOTEBOOK]], [run.seconds for run in measured])
        rates = [found for run in measured if (found := feature_rate(run, n_images)) is not None]
        feature_stage = (Spread.of(rates), ratios(rates, notebook_rates)) if rates else (None, None)
        rows.append((name, seconds, speedup, *feature_stage))
        results["ways"][name] = {
            "seconds": seconds.as_json(),
            "speedup": speedup.as_json(),
            "feature_images_per_second": feature_stage[0] and feature_stage[0].as_json(),
            "feature_ratio": feature_stage[1] and feature_stage[1].as_json(),
            "runs": [{"seconds": run.seconds, "exit_seconds": run.exit_seconds, **run.result} for run in measured],
        }
    print_table(
        console,
        f"{n_images:,} images, cold, median (smallest-largest); features agree to {difference:.1e}",
        ["way", "seconds", "times faster", "feature stage, images/s", "ratio"],
        rows,
    )
    return results


def options() -> argparse.ArgumentParser:
    """Return the parser of this benchmark."""
    result = parser(__doc__, images=1720, backbone=None)
    result.add_argument("--ways", nargs="+", choices=list(OURS), default=list(OURS), help="which forms of ours")
    result.set_defaults(backbone="mobilenet_v2")
    return result


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = options().parse_args()
    console = open_console()
    write_report("notebook_way", vars(arguments), measure(arguments, console), console)


if __name__ == "__main__":
    main()
