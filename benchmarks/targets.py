"""The targets of backbones and engine, measured and judged: runs what it needs of the other benchmarks.

Takes two to three hours on two cores; each benchmark leaves its own JSON, too.

    python -m benchmarks.targets --peers-python /tmp/peers/bin/python [--runs 3] [--only 1 4] [--scale 1]
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console

from benchmarks import ceiling, notebook_way, peers, scaling
from benchmarks.harness.options import parser
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.errors import SettingsError
from image_assets.vision.engine import EngineOptions, check_precision

PHOTOGRAPHS = 10_120
SMALL = 1720
FORWARDED = ("source", "runs", "engine", "weights_dir", "work_dir")


@dataclass(frozen=True)
class Target:
    """A number and what it has to be.

    Attributes:
        number: of the target.
        what: was measured.
        measured: the median of the rounds.
        threshold: what it has to reach.
        at_most: whether the threshold is a bound from above.
    """

    number: int
    what: str
    measured: float
    threshold: float
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is."""
        return self.measured <= self.threshold if self.at_most else self.measured >= self.threshold


class Measurements:
    """Runs the other benchmarks with the options of this one."""

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        self._arguments, self._console = arguments, console

    def images(self, number: int) -> int:
        """Return how many images stand for a number of them in a trial."""
        return max(20, int(number * float(self._arguments.scale)))

    def run(self, benchmark: ModuleType, name: str, **options: Any) -> dict[str, Any]:
        """Run a benchmark, write its report as `name`, return its results."""
        chosen = {key: getattr(self._arguments, key) for key in FORWARDED} | options
        arguments = argparse.Namespace(**{**vars(benchmark.options().parse_args([])), **chosen})
        self._console.rule(f"{name}")
        results: dict[str, Any] = benchmark.measure(arguments, self._console)
        write_report(name, vars(arguments), results, self._console)
        return results


def near_the_ceiling(measurements: Measurements) -> list[Target]:
    """Target 1."""
    found = measurements.run(ceiling, "ceiling", images=measurements.images(3000))
    return [
        Target(1, f"cnn_features to the engine's ceiling, {name}", results["ratio"]["median"], 0.85)
        for name, results in found["backbones"].items()
    ]


def ahead_of_the_notebook_way(measurements: Measurements) -> list[Target]:
    """Target 2."""
    small, large = (measurements.images(number) for number in (SMALL, PHOTOGRAPHS))
    whole = measurements.run(notebook_way, "notebook_way", images=small)
    ways = ["cached", "bfloat16"] if has_bfloat16() else ["cached"]
    stage = measurements.run(notebook_way, "notebook_way_large", images=large, ways=ways)
    targets = [
        Target(2, f"times as fast as the notebook way, cold: {name}", whole["ways"][name]["speedup"]["median"], 5)
        for name in (notebook_way.OURS[way] for way in ("first-run", "cached", "dagster"))
    ]
    what = "feature stage, images/s to the notebook way's, all photographs"
    names = [notebook_way.OURS[way] for way in ways]
    return targets + [Target(2, f"{what}: {name}", stage["ways"][name]["feature_ratio"]["median"], 7) for name in names]


def has_bfloat16() -> bool:
    """Return whether the processor has instructions for bfloat16."""
    try:
        check_precision(EngineOptions(precision="bfloat16"))
    except SettingsError:
        return False
    return True


def ahead_of_peers(measurements: Measurements, python: Path | None) -> list[Target]:
    """Target 3."""
    large = measurements.images(PHOTOGRAPHS)
    found = measurements.run(peers, "peers", images=large, peers_python=python)
    to_ours = {name: results["to_ours"]["median"] for name, results in found["ways"].items()}
    ray = {name: ratio for name, ratio in to_ours.items() if name.startswith("Ray")}
    warm = [
        Target(3, f"feature stage, warm, images/s to the job of: {name}", ratio["median"], 1)
        for name, ratio in found["warm"]["to"].items()
    ]
    return [
        *warm,
        Target(3, "whole chain with storing, cold, to Daft", to_ours[peers.DAFT], 0.8),
        *(Target(3, f"whole chain with storing, cold, to {name}", ratio, 2) for name, ratio in ray.items()),
    ]


def grows_with_the_images(measurements: Measurements) -> list[Target]:
    """Target 4."""
    sizes = [measurements.images(number) for number in (1000, 3000, 10_000)]
    found = list(measurements.run(scaling, "scaling", sizes=sizes).values())
    before, last = found[-2:]
    memory = last["peak_anonymous_mib"]["largest"] / before["peak_anonymous_mib"]["largest"]
    what = "at 10,000 images to at 3,000"
    return [
        Target(4, f"cnn_features, cost per image {what}", last["cnn_features_ratio"]["median"], 1.1, at_most=True),
        Target(4, f"files to features, cost per image {what}", last["chain_ratio"]["median"], 1.1, at_most=True),
        Target(4, f"peak memory of a worker {what}", memory, 1.1, at_most=True),
    ]


def options() -> argparse.ArgumentParser:
    """Return the parser of this benchmark."""
    result = parser(__doc__, images=None, backbone=None)
    result.add_argument("--peers-python", type=Path, help="interpreter that has the peers, for target 3")
    result.add_argument("--only", nargs="+", type=int, choices=range(1, 5), default=[1, 2, 3, 4], help="which targets")
    result.add_argument("--scale", type=float, default=1.0, help="part of the images, for a trial")
    return result


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = options().parse_args()
    console = open_console()
    if 3 in arguments.only:
        try:
            peers.installed(arguments.peers_python)
        except peers.PeersAbsentError as error:
            raise SystemExit(f"error: {error}; or leave target 3 out with --only 1 2 4") from None
    measurements = Measurements(arguments, console)
    groups: dict[int, Callable[[], list[Target]]] = {
        1: lambda: near_the_ceiling(measurements),
        2: lambda: ahead_of_the_notebook_way(measurements),
        3: lambda: ahead_of_peers(measurements, arguments.peers_python),
        4: lambda: grows_with_the_images(measurements),
    }
    targets = [target for number in arguments.only for target in groups[number]()]
    rows = [
        (
            f"{target.number}  {target.what}",
            f"{target.measured:.2f}",
            f"{'at most' if target.at_most else 'at least'} {target.threshold:g}",
            "met" if target.is_met else "NOT MET",
        )
        for target in targets
    ]
    print_table(console, f"Targets, medians of {arguments.runs}", ["target", "measured", "threshold", ""], rows)
    found = [{**asdict(target), "is_met": target.is_met} for target in targets]
    write_report("targets", vars(arguments), {"targets": found}, console)


if __name__ == "__main__":
    main()
