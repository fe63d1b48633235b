"""The notebook way against ours on the same files, both cold, from the start of the process to the last feature.

Ours in up to four forms: with an empty warehouse, where the network is exported on the way; with the exported network
in its cache, as in every run but the first; through Dagster; and, where the processor has it, in bfloat16, whose
features are compared by their angle. Page caches are warm for all.

    python -m benchmarks.notebook_way [--images 1720] [--runs 3] [--ways first-run cached dagster bfloat16]
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.harness.agreement import (
    Features,
    features_of_files,
    features_of_table,
    largest_difference,
    smallest_cosine,
)
from benchmarks.harness.cold import ColdRun, run_cold
from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import network, parser, work_folder
from benchmarks.harness.prepared import Prepared, prepare
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.warehouse.warehouse import Warehouse

STAGES = ["raw_images", "decoded_frames", "cnn_features"]
NOTEBOOK = "the notebook way"
FIRST_RUN = "ours, first run (network exported)"
CACHED = "ours, network in the cache"
DAGSTER = "ours through Dagster, cache"
EXACT = "ours"
COARSE = "ours, cache, bfloat16"
OURS = {"first-run": FIRST_RUN, "cached": CACHED, "dagster": DAGSTER, "bfloat16": COARSE}


def contestants(arguments: argparse.Namespace, prepared: Prepared, folder: Path) -> dict[str, Callable[[], ColdRun]]:
    """Return what is measured, by name."""
    common = {"source": prepared.source, "weights_dir": arguments.weights_dir}
    exported = network(arguments)

    def notebook() -> ColdRun:
        shutil.rmtree(folder / "notebook", ignore_errors=True)
        return run_cold("notebook", {**common, "output": folder / "notebook"}, folder)

    def ours(place: str, *, with_graph: bool = True, **options: str) -> ColdRun:
        warehouse = prepared.new_warehouse(folder / place, with_graph=with_graph)
        return run_cold("ours", {**common, **exported, **options, "warehouse": warehouse, "stages": STAGES}, folder)

    def through_dagster() -> ColdRun:
        warehouse = prepared.new_warehouse(folder / EXACT)
        return run_cold("ours_through_dagster", {**common, **exported, "warehouse": warehouse}, folder)

    ways: dict[str, Callable[[], ColdRun]] = {
        "first-run": lambda: ours(EXACT, with_graph=False),
        "cached": lambda: ours(EXACT),
        "dagster": through_dagster,
        "bfloat16": lambda: ours(COARSE, precision="bfloat16"),
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
        agreement = compare_features(folder, expected)
    return {**summarize(runs, prepared.n_images, agreement, console), **agreement}


def compare_features(folder: Path, expected: Features) -> dict[str, float]:
    """Return how the features of ours agree with the notebook's, in each precision that was measured.

    Raises:
        DisagreementError: if they do not.
    """
    warehouses = {place: folder / place for place in (EXACT, COARSE) if (folder / place).is_dir()}
    found = {place: features_of_table(Warehouse.at(path).table("cnn_features")) for place, path in warehouses.items()}
    agreement: dict[str, float] = {}
    if EXACT in found:
        agreement["largest_relative_difference"] = largest_difference(found[EXACT], expected, EXACT)
    if COARSE in found:
        agreement["smallest_cosine_bfloat16"] = smallest_cosine(found[COARSE], expected, COARSE)
    return agreement


def summarize(
    runs: dict[str, list[ColdRun]], n_images: int, agreement: dict[str, float], console: Console
) -> dict[str, Any]:
    """Print the table and return its content."""
    results: dict[str, Any] = {"n_images": n_images, "ways": {}}
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
        f"{n_images:,} images, cold, median (smallest-largest); features: "
        + ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in agreement.items()),
        ["way", "seconds", "times faster", "feature stage, images/s", "ratio"],
        rows,
    )
    return results


def options() -> argparse.ArgumentParser:
    """Return the parser of this benchmark."""
    result = parser(__doc__, images=1720, backbone=None)
    exact = [name for name in OURS if name != "bfloat16"]
    result.add_argument("--ways", nargs="+", choices=list(OURS), default=exact, help="which forms of ours")
    result.set_defaults(backbone="mobilenet_v2")
    return result


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = options().parse_args()
    console = open_console()
    write_report("notebook_way", vars(arguments), measure(arguments, console), console)


if __name__ == "__main__":
    main()
