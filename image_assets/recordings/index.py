"""What the tables know of a recording without its volumes: time points, shape, sample type, and what is wrong."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from image_assets.errors import WarehouseError
from image_assets.warehouse.table import Table

_SHOWN = 3


@dataclass(frozen=True)
class RecordingIndex:
    """The frames of a recording.

    Attributes:
        recording: its name.
        n_times: number of time points.
        shape: (z, y, x) of the volumes.
        dtype: of the volumes.
        problems: what keeps the frames from being a recording, one line each; empty if nothing does.
    """

    recording: str
    n_times: int
    shape: tuple[int, ...]
    dtype: str
    problems: tuple[str, ...]

    def usable(self) -> "RecordingIndex":
        """Return the index of a recording that is complete.

        Raises:
            WarehouseError: naming the frames that cannot be used and why.
        """
        if not self.problems:
            return self
        rest = len(self.problems) - _SHOWN
        shown = "; ".join(self.problems[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
        raise WarehouseError(
            f"recording {self.recording!r} has frames that cannot be used: {shown}. Repair or remove these files and "
            "materialize recording_frames again"
        )


def recording_index(frames: Table, recording: str) -> RecordingIndex:
    """Read what `recording_frames` holds of a recording, without the volumes.

    Raises:
        WarehouseError: if there is no frame of it that could be read.
    """
    columns = ["t", "source", "shape", "dtype", "read_error"]
    rows = sorted(frames.read(columns, [recording]).to_pylist(), key=lambda row: row["t"])
    if not rows:
        raise WarehouseError(
            f"recording_frames does not hold the recording {recording!r}: materialize recording_frames for it first"
        )
    kinds = Counter((tuple(row["shape"]), row["dtype"]) for row in rows if row["read_error"] is None)
    if not kinds:
        raise WarehouseError(f"no frame of the recording {recording!r} could be read: {rows[0]['read_error']}")
    (shape, dtype), _ = kinds.most_common(1)[0]
    return RecordingIndex(recording, len(rows), shape, dtype, tuple(_problems(rows, shape, dtype)))


def series_dtype(table: Table, recording: str, shape: tuple[int, ...]) -> tuple[str, int]:
    """Return the sample type and the length of the series that `pixel_series` holds of a recording.

    Args:
        table: the table.
        recording: its partition.
        shape: (z, y, x) of the volumes.

    Raises:
        WarehouseError: if it holds none, or another number of voxels.
    """
    found = table.counts([recording])[recording].rows
    if found != math.prod(shape):
        raise WarehouseError(
            f"pixel_series holds {found:,} series of the recording {recording!r}, its volumes have "
            f"{math.prod(shape):,} voxels: materialize pixel_series for it first"
        )
    row = table.head(1, ["dtype", "series"], [recording]).to_pylist()[0]
    return row["dtype"], len(row["series"])


def _problems(rows: list[dict[str, Any]], shape: tuple[int, ...], dtype: str) -> list[str]:
    problems = [f"{row['source']}: {row['read_error']}" for row in rows if row["read_error"] is not None]
    problems += [
        f"{row['source']}: is {row['dtype']} {tuple(row['shape'])}, the others {dtype} {shape}"
        for row in rows
        if row["read_error"] is None and (tuple(row["shape"]), row["dtype"]) != (shape, dtype)
    ]
    times = [row["t"] for row in rows]
    if times != list(range(len(times))):
        missing = sorted(set(range(times[-1] + 1)) - set(times))
        problems.append(f"time points are missing or double ({len(times)} rows, missing {missing[:5]})")
    return problems
