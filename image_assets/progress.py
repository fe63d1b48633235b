"""How far a stage is: for logs at a humane rate, and for anyone else who listens."""

import time
from collections.abc import Callable
from typing import Protocol

UNITS = {
    "source_tiles": "tiles",
    "reconstructed_tiles": "tiles",
    "tile_statistics": "tiles",
    "scene_preview": "previews",
    "reconstructed_scene": "scenes",
    "recording_frames": "frames",
    "frame_projections": "projections",
    "pixel_series": "series",
    "series_features": "series",
    "series_clusters": "series",
    "time_covariance": "time points",
}
"""What the rows of a stage are called; pictures elsewhere."""


def unit_of(stage: str) -> str:
    """Return what the rows of a stage are called."""
    return UNITS.get(stage, "pictures")


class Progress(Protocol):
    """Hears of a stage from its start to its end."""

    def start(self, stage: str) -> None:
        """A stage begins."""

    def report(self, done: int, expected: int) -> None:
        """So many rows are done since the start, of so many that are known to belong to the stage."""

    def finish(self) -> None:
        """The stage has ended, well or not."""


class Meter:
    """Counts of one stage and what follows from them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, unit: str = "pictures") -> None:
        self._clock = clock
        self._unit = unit
        self._started = clock()
        self.expected = 0
        self.done = 0

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return max(self._clock() - self._started, 1e-9)

    @property
    def per_second(self) -> float:
        """Pictures per second so far."""
        return self.done / self.seconds

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end at the present rate; None before the first picture."""
        return (self.expected - self.done) / self.per_second if self.done else None

    def __str__(self) -> str:
        """Tell the state in one line, such as `3,000 of 10,120 pictures, 120.0/s, 59 s left`."""
        line = f"{self.done:,} of {self.expected:,} {self._unit}, {self.per_second:,.1f}/s"
        return line if self.seconds_left is None else f"{line}, {self.seconds_left:,.0f} s left"


class LogProgress:
    """Writes a line every few seconds to a log."""

    def __init__(self, write: Callable[[str], None], every_seconds: float = 10.0) -> None:
        self._write = write
        self._every_seconds = every_seconds
        self._stage = ""
        self._meter = Meter()
        self._last = 0.0

    def start(self, stage: str) -> None:
        """Begin a stage."""
        self._stage, self._meter, self._last = stage, Meter(unit=unit_of(stage)), 0.0

    def report(self, done: int, expected: int) -> None:
        """Write a line if the last one is long enough ago."""
        self._meter.done, self._meter.expected = done, expected
        if done and self._meter.seconds - self._last >= self._every_seconds:
            self._last = self._meter.seconds
            self._write(f"{self._stage}: {self._meter}")

    def finish(self) -> None:
        """Write the last line: what is done, since rows that did not come have ended at an earlier stage."""
        meter = self._meter
        done = f"{meter.done:,} {unit_of(self._stage)}"
        self._write(f"{self._stage}: {done} in {meter.seconds:,.1f} s, {meter.per_second:,.1f}/s")
