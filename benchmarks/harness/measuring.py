"""Repeated measurements: contestants in turns, so that whatever else the machine does falls on all of them."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from rich.console import Console

Measurement = TypeVar("Measurement")


@dataclass(frozen=True)
class Spread:
    """Median and extremes of repeated measurements."""

    median: float
    smallest: float
    largest: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarize at least one value."""
        return cls(statistics.median(values), min(values), max(values), len(values))

    def __str__(self) -> str:
        """Show the median, and the extremes behind it."""
        digits = 2 if self.largest < 100 else 1
        shown = [f"{value:,.{digits}f}" for value in (self.median, self.smallest, self.largest)]
        return shown[0] if self.runs == 1 else f"{shown[0]} ({shown[1]}-{shown[2]})"

    def as_json(self) -> dict[str, Any]:
        """Return the values rounded to what means something."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """Summarize the ratios of measurements that were taken in the same rounds."""
    return Spread.of([a / b for a, b in zip(numerators, denominators, strict=True)])


def interleaved(
    contestants: Mapping[str, Callable[[], Measurement]], runs: int, console: Console
) -> dict[str, list[Measurement]]:
    """Measure every contestant once per round, `runs` rounds."""
    measured: dict[str, list[Measurement]] = {name: [] for name in contestants}
    for number in range(1, runs + 1):
        for name, measure in contestants.items():
            console.print(f"[dim]round {number} of {runs}: {name}[/]", highlight=False)
            measured[name].append(measure())
    return measured
