"""What an image costs as their number grows, and whether the memory of a worker stays the same.

Each size runs in a process of its own, its workers started before the clock; sizes take turns.

    python -m benchmarks.scaling [--sizes 1000 3000 10000] [--runs 3]
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.harness.cold import ColdRun, run_cold
from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import network, parser, work_folder
from benchmarks.harness.prepared import Prepared, prepare
from benchmarks.harness.report import open_console, print_table, write_report

STAGES = ["raw_images", "decoded_frames", "cnn_features"]


def chain_over(arguments: argparse.Namespace, prepared: Prepared, folder: Path) -> Callable[[], ColdRun]:
    """Return the run of the chain over the pictures."""

    def run() -> ColdRun:
        options = {
            "source": prepared.source,
            "warehouse": prepared.new_warehouse(folder / "ours"),
            **network(arguments),
            "stages": STAGES,
            "warm_up": True,
            "watch_memory": True,
        }
        return run_cold("ours", options, folder)

    return run


def milliseconds(runs: Sequence[ColdRun], n_images: int, stages: Sequence[str]) -> list[float]:
    """Return what an image cost in stages, per run."""
    chosen = [[stage for stage in run.result["stages"] if stage["stage"] in stages] for run in runs]
    return [1000 * sum(stage["seconds"] for stage in found) / n_images for found in chosen]


def measure(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure, print the table, and return what goes into the JSON."""
    with work_folder(arguments) as folder:
        sources = [prepare(argparse.Namespace(**vars(arguments), images=size), folder) for size in arguments.sizes]
        ways = {f"{found.n_images:,} images": chain_over(arguments, found, folder) for found in sources}
        measured = interleaved(ways, arguments.runs, console)
    sizes = [found.n_images for found in sources]
    return summarize(dict(zip(sizes, measured.values(), strict=True)), console)


def summarize(runs: dict[int, list[ColdRun]], console: Console) -> dict[str, Any]:
    """Print the table and return its content, by number of images; ratios are to the size before."""
    rows, results = [], {}
    before: tuple[list[float], list[float]] | None = None
    for n_images, measured in runs.items():
        features = milliseconds(measured, n_images, ["cnn_features"])
        chain = milliseconds(measured, n_images, STAGES)
        grown = None if before is None else (ratios(features, before[0]), ratios(chain, before[1]))
        memory = {
            name: Spread.of([run.result[name] for run in measured])
            for name in ("peak_resident_mib", "peak_anonymous_mib")
        }
        costs = (Spread.of(features), Spread.of(chain))
        shown = (grown[0].median, grown[1].median) if grown else (None, None)
        rows.append(
            (
                f"{n_images:,}",
                costs[0],
                shown[0] and f"{shown[0]:.3f}",
                costs[1],
                shown[1] and f"{shown[1]:.3f}",
                f"{memory['peak_resident_mib'].largest:,.0f}",
                f"{memory['peak_anonymous_mib'].largest:,.0f}",
            )
        )
        results[str(n_images)] = {
            "cnn_features_milliseconds": costs[0].as_json(),
            "chain_milliseconds": costs[1].as_json(),
            "cnn_features_ratio": grown and grown[0].as_json(),
            "chain_ratio": grown and grown[1].as_json(),
            **{name: spread.as_json() for name, spread in memory.items()},
        }
        before = (features, chain)
    columns = [
        "images",
        "cnn_features, ms/image",
        "to the size before",
        "files to features, ms/image",
        "to the size before",
        "peak of a worker, MiB",
        "of it its own, MiB",
    ]
    print_table(console, "Cost per image, median (smallest-largest)", columns, rows)
    return results


def options() -> argparse.ArgumentParser:
    """Return the parser of this benchmark."""
    result = parser(__doc__, images=None, any_precision=True)
    result.add_argument("--sizes", nargs="+", type=int, default=[1000, 3000, 10_000], help="numbers of images")
    return result


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = options().parse_args()
    console = open_console()
    write_report("scaling", vars(arguments), measure(arguments, console), console)


if __name__ == "__main__":
    main()
