"""Stage by stage profile of the whole chain, from files to the evaluation, in a warm session.

python -m benchmarks.stages [--images 3000] [--runs 3] [--backbone efficientnet_lite0]
"""

import argparse
from typing import Any

from rich.console import Console

from benchmarks.harness.chain import STAGES
from benchmarks.harness.cold import ColdRun, run_cold
from benchmarks.harness.measuring import Spread, interleaved
from benchmarks.harness.options import network, parser, work_folder
from benchmarks.harness.prepared import prepare
from benchmarks.harness.report import open_console, print_table, write_report

MEBIBYTE = 1 << 20


def measure(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure, print the table, and return what goes into the JSON."""
    with work_folder(arguments) as folder:
        prepared = prepare(arguments, folder)

        def chain() -> ColdRun:
            options = {
                "source": prepared.source,
                "warehouse": prepared.new_warehouse(folder / "ours"),
                **network(arguments),
                "stages": STAGES,
                "warm_up": True,
            }
            return run_cold("ours", options, folder)

        [runs] = interleaved({"the whole chain": chain}, arguments.runs, console).values()
    return {"n_images": prepared.n_images, **summarize(runs, prepared.n_images, console)}


def summarize(runs: list[ColdRun], n_images: int, console: Console) -> dict[str, Any]:
    """Print the table and return its content."""
    profiles = [{stage["stage"]: stage for stage in run.result["stages"]} for run in runs]
    totals = [sum(stage["seconds"] for stage in profile.values()) for profile in profiles]
    results: dict[str, Any] = {}
    rows: list[tuple[object, ...]] = []
    for name in STAGES:
        seconds = Spread.of([profile[name]["seconds"] for profile in profiles])
        share = Spread.of([profile[name]["seconds"] / total for profile, total in zip(profiles, totals, strict=True)])
        read, written = (profiles[0][name][key] for key in ("bytes_read", "bytes_written"))
        rate = n_images / seconds.median
        sizes = [f"{size / MEBIBYTE:,.1f}" for size in (read, written)]
        rows.append((name, seconds, f"{share.median:.1%}", f"{rate:,.0f}", *sizes))
        results[name] = {
            "seconds": seconds.as_json(),
            "share": share.as_json(),
            "images_per_second": round(rate, 1),
            "bytes_read": read,
            "bytes_written": written,
        }
    total, ready = Spread.of(totals), Spread.of([run.result["ready_after"] for run in runs])
    rows.append(("all stages", total, "100.0%", f"{n_images / total.median:,.0f}", "", ""))
    rows.append(("before them: start of Spark and workers", ready, "", "", "", ""))
    columns = ["stage", "seconds", "share", "images/s", "MiB of files read", "MiB written"]
    print_table(console, f"{n_images:,} images, median (smallest-largest)", columns, rows)
    return {"stages": results, "seconds": total.as_json(), "ready_after": ready.as_json()}


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = parser(__doc__, images=3000, backbone="efficientnet_lite0", any_precision=True).parse_args()
    console = open_console()
    write_report("stages", vars(arguments), measure(arguments, console), console)


if __name__ == "__main__":
    main()
