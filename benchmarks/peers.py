"""Daft, Ray Data and plain processes with the same network and engine, from files to features to Parquet, beside ours.

All start cold, the exported network lies ready. Ours packs the files and stores the frames on the way, which the peers
do not; what that costs, and what it saves when another network or a changed class is wanted, is measured, too.
The peers have an environment of their own:

    uv venv --python 3.11 /tmp/peers
    uv pip install --python /tmp/peers -r benchmarks/requirements-peers.txt
    python -m benchmarks.peers --peers-python /tmp/peers/bin/python [--images 10120] [--runs 3]
"""

import argparse
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.harness.agreement import Features, features_of_files, features_of_table, largest_difference
from benchmarks.harness.cold import ColdRun, run_cold
from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import backbone_options, network, parser, work_folder
from benchmarks.harness.prepared import ARTIFACTS, Prepared, prepare
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.warehouse.warehouse import Warehouse

FEATURES = "cnn_features"
STAGES = ["raw_images", "decoded_frames", FEATURES]
OURS = "ours, files packed and frames stored"
AGAIN = "ours again: another network"
CHANGED = "ours again: a changed class"
DAFT = "Daft"


@dataclass(frozen=True)
class Peer:
    """A way that runs in the environment of the peers.

    Attributes:
        module: of `benchmarks.contestants`.
        package: without which it cannot run.
        options: further ones.
    """

    module: str
    package: str
    options: dict[str, Any]


PEERS = {
    "plain processes": Peer("with_processes", "openvino", {}),
    DAFT: Peer("with_daft", "daft", {}),
    "Ray Data, tasks": Peer("with_ray", "ray", {"form": "tasks"}),
    "Ray Data, actors": Peer("with_ray", "ray", {"form": "actors"}),
    "Ray Data, as its guide": Peer("with_ray", "ray", {"form": "guide"}),
}


class PeersAbsentError(Exception):
    """There is no environment with the peers."""


def installed(python: Path | None) -> dict[str, str]:
    """Return the versions of the peers' packages.

    Raises:
        PeersAbsentError: saying how to make the environment.
    """
    remedy = (
        "make one with `uv venv --python 3.11 /tmp/peers` and `uv pip install --python /tmp/peers -r "
        "benchmarks/requirements-peers.txt`, and name it with --peers-python /tmp/peers/bin/python"
    )
    if python is None:
        raise PeersAbsentError(f"the peers need an environment of their own: {remedy}")
    names = sorted({peer.package for peer in PEERS.values()})
    code = f"import importlib.metadata as m\nfor n in {names!r}: print(n, m.version(n))"
    try:
        answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = error.stderr.strip().splitlines()[-1] if isinstance(error, subprocess.CalledProcessError) else error
        raise PeersAbsentError(f"{python} does not have the peers ({reason}): {remedy}") from error
    return dict(line.split() for line in answer.stdout.splitlines())


class Ours:
    """Our runs: the first computes everything, the others find its tables.

    Attributes:
        features: of the first run, to compare with.
    """

    def __init__(self, arguments: argparse.Namespace, prepared: Prepared, other: Prepared, folder: Path) -> None:
        self._arguments, self._prepared, self._other, self._folder = arguments, prepared, other, folder
        self._warehouse = folder / "ours"
        self.features: Features = {}

    @property
    def ways(self) -> dict[str, Callable[[], ColdRun]]:
        """Every run by its name."""
        return {OURS: self._first, CHANGED: self._changed_class, AGAIN: self._another_network}

    def _first(self) -> ColdRun:
        self._prepared.new_warehouse(self._warehouse)
        shutil.copytree(self._other.graph_store / ARTIFACTS, self._warehouse / ARTIFACTS, dirs_exist_ok=True)
        # The last stage runs twice: as a part of the chain, then with everything warm.
        run = self._run(self._arguments.backbone, [*STAGES, FEATURES])
        self.features = features_of_table(Warehouse.at(self._warehouse).table(FEATURES))
        return run

    def _changed_class(self) -> ColdRun:
        return self._run(self._arguments.backbone, STAGES, self._prepared.classes[:1])

    def _another_network(self) -> ColdRun:
        return self._run(self._arguments.other_backbone, [FEATURES])

    def _run(self, backbone: str, stages: Sequence[str], classes: Sequence[str] | None = None) -> ColdRun:
        options = {
            "source": self._prepared.source,
            "warehouse": self._warehouse,
            **network(self._arguments),
            "backbone": backbone,
            "stages": stages,
            "classes": classes,
        }
        return run_cold("ours", options, self._folder)


def way_of_peer(arguments: argparse.Namespace, prepared: Prepared, folder: Path, name: str) -> Callable[[], ColdRun]:
    """Return the run of a peer."""
    peer, output = PEERS[name], folder / "peers" / name
    options = {
        **peer.options,
        "source": prepared.source,
        "output": output,
        "graph": prepared.graph_file,
        "engine": arguments.engine,
        "precision": arguments.precision,
        "batch_rows": backbone_options(arguments).engine.batch_rows,
    }

    def run() -> ColdRun:
        shutil.rmtree(output, ignore_errors=True)
        output.parent.mkdir(exist_ok=True)
        return run_cold(peer.module, options, folder, arguments.peers_python)

    return run


@dataclass(frozen=True)
class Timing:
    """Seconds of one run.

    Attributes:
        total: from the start of the process to the last byte of features.
        job: of it without the start of Python, libraries and session.
    """

    total: float
    job: float


def timing(run: ColdRun) -> Timing:
    """Return the seconds of a run; of ours without the repeated stage."""
    if "stages" not in run.result:
        return Timing(run.seconds, run.result["job_seconds"])
    stages = run.result["stages"][: len(STAGES)]
    return Timing(stages[-1]["ended_at"] - run.started_at, sum(stage["seconds"] for stage in stages))


def measure(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure, print the tables, and return what goes into the JSON."""
    versions = installed(arguments.peers_python)
    with work_folder(arguments) as folder:
        prepared = prepare(arguments, folder)
        other = prepare(argparse.Namespace(**{**vars(arguments), "backbone": arguments.other_backbone}), folder)
        ours = Ours(arguments, prepared, other, folder)
        peers = {name: way_of_peer(arguments, prepared, folder, name) for name in arguments.peers}
        runs = interleaved({**ours.ways, **peers}, arguments.runs, console)
        differences = {
            name: largest_difference(features_of_files(folder / "peers" / name, prepared.source), ours.features, name)
            for name in peers
        }
    return {
        "n_images": prepared.n_images,
        "versions": versions,
        "largest_relative_differences": differences,
        "ways": compare(runs, prepared.n_images, console),
        "warm": compare_warm(runs, prepared.n_images, console),
        "storing": storing(runs[OURS], console),
        "runs": {
            name: [{"seconds": run.seconds, "exit_seconds": run.exit_seconds, **run.result} for run in measured]
            for name, measured in runs.items()
        },
    }


def compare(runs: dict[str, list[ColdRun]], n_images: int, console: Console) -> dict[str, Any]:
    """Print and return the seconds from files to features, cold."""
    rows, results = [], {}
    ours = [timing(run).total for run in runs[OURS]]
    for name, measured in runs.items():
        totals, jobs = ([getattr(timing(run), key) for run in measured] for key in ("total", "job"))
        total, job = Spread.of(totals), Spread.of(jobs)
        against = ratios(totals, ours)
        rate = None if name in {CHANGED, AGAIN} else f"{n_images / job.median:,.1f}"
        rows.append((name, total, against, job, rate))
        results[name] = {
            "seconds": total.as_json(),
            "to_ours": against.as_json(),
            "job_seconds": job.as_json(),
        }
    columns = ["way", "start to last byte, s", "to ours", "job, s", "job, images/s"]
    print_table(console, f"{n_images:,} images, files to features, cold, median (smallest-largest)", columns, rows)
    return results


def compare_warm(runs: dict[str, list[ColdRun]], n_images: int, console: Console) -> dict[str, Any]:
    """Print and return the speed of our feature stage over stored frames beside the jobs of the peers."""
    ours = [n_images / run.result["stages"][-1]["seconds"] for run in runs[OURS]]
    rows: list[tuple[object, ...]] = [("ours: cnn_features over stored frames", Spread.of(ours), None)]
    results: dict[str, Any] = {"images_per_second": Spread.of(ours).as_json(), "to": {}}
    for name in (name for name in PEERS if name in runs):
        theirs = [n_images / timing(run).job for run in runs[name]]
        ratio = ratios(ours, theirs)
        rows.append((name, Spread.of(theirs), ratio))
        results["to"][name] = ratio.as_json()
    print_table(console, "The feature stage, session warm", ["way", "images/s", "ours to it"], rows)
    return results


def storing(runs: list[ColdRun], console: Console) -> dict[str, Any]:
    """Print and return what packing the files and storing the frames costs."""
    rows, results = [], {}
    for name in STAGES[:-1]:
        stages = [stage for run in runs for stage in run.result["stages"] if stage["stage"] == name]
        seconds, size = Spread.of([stage["seconds"] for stage in stages]), stages[0]["bytes_written"]
        rows.append((name, seconds, f"{size / 2**20:,.1f}"))
        results[name] = {"seconds": seconds.as_json(), "bytes": size}
    print_table(console, "What storing costs, once", ["table", "seconds", "MiB"], rows)
    return results


def options() -> argparse.ArgumentParser:
    """Return the parser of this benchmark."""
    result = parser(__doc__, images=10_120, any_precision=True)
    result.add_argument("--peers-python", type=Path, help="interpreter that has the peers")
    result.add_argument("--peers", nargs="+", choices=list(PEERS), default=list(PEERS), help="which of them")
    result.add_argument("--other-backbone", default="efficientnet_lite0", help="the network of the second run")
    return result


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = options().parse_args()
    console = open_console()
    try:
        write_report("peers", vars(arguments), measure(arguments, console), console)
    except PeersAbsentError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
