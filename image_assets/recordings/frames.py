"""Stage 1: the volumes of a recording as they are, one row per time point, what cannot be used with the reason."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark import SparkContext

from image_assets.contracts import RECORDING_FRAMES
from image_assets.errors import SourceError
from image_assets.recordings.options import RecordingOptions
from image_assets.signals.arrays import Block
from image_assets.signals.layouts import open_recording
from image_assets.signals.recording import Frame, Recording
from image_assets.warehouse.parquet import MEBIBYTE

MIN_TASK_BYTES = MEBIBYTE
BATCH_BYTES = 8 * MEBIBYTE


@dataclass(frozen=True)
class FrameRange:
    """Consecutive time points of a recording that one task reads.

    Attributes:
        name: of the recording.
        recording: with the frames of the range only.
    """

    name: str
    recording: Recording

    @property
    def rows(self) -> int:
        """One row per time point."""
        return len(self.recording.frames)


def plan_frames(
    context: SparkContext,
    paths: Mapping[str, Path],
    options_of: Callable[[str], RecordingOptions],
    task_mib: int,
) -> Callable[[str], list[FrameRange]]:
    """Return a function that lists a recording and divides its time points into tasks.

    Args:
        context: Spark, for its parallelism.
        paths: of the recordings, by name.
        options_of: their options, by name.
        task_mib: MiB of volumes per task at most; less where cores would be idle.
    """

    def plan(name: str) -> list[FrameRange]:
        if name not in paths:
            raise SourceError(
                f"the source of recordings has no {name!r} any more; what the warehouse holds of it is kept: leave it "
                "out of the run, or bring it back"
            )
        recording = open_recording(paths[name], options_of(name).planes)
        size = math.prod(recording.shape) * np.dtype(recording.dtype).itemsize
        share = size * len(recording.frames) // (2 * context.defaultParallelism)
        per_task = max(1, min(max(share, MIN_TASK_BYTES), task_mib * MEBIBYTE) // max(1, size))
        starts = range(0, len(recording.frames), per_task)
        return [
            FrameRange(name, replace(recording, frames=recording.frames[start : start + per_task])) for start in starts
        ]

    return plan


def read_frames(task: FrameRange) -> Iterator[pa.RecordBatch]:
    """Read the volumes of a task into batches with the columns of `recording_frames`."""
    rows: list[dict[str, object]] = []
    size = 0
    for frame, volume in task.recording.read(0, task.rows):
        rows.append(_row(task.name, frame, volume))
        size += 0 if volume is None else volume.nbytes
        if size >= BATCH_BYTES:
            yield pa.RecordBatch.from_pylist(rows, schema=RECORDING_FRAMES)
            rows, size = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=RECORDING_FRAMES)


def _row(name: str, frame: Frame, volume: Block | None) -> dict[str, object]:
    return {
        "recording": name,
        "t": frame.t,
        "source": frame.source,
        "shape": None if frame.shape is None else list(frame.shape),
        "dtype": frame.dtype,
        "volume": None if volume is None else little_endian(volume),
        "read_error": frame.error,
    }


def little_endian(values: Block) -> bytes:
    """Return values in C order and little-endian bytes, whatever the machine."""
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
