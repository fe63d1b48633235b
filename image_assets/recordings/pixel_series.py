"""Stage 3: the series of every voxel, turned from the volumes by blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from image_assets.contracts import PIXEL_SERIES
from image_assets.recordings.blocks import BlockTask
from image_assets.recordings.faces import SparkImages
from image_assets.signals.arrays import Integers
from image_assets.signals.arrow import series_column


@dataclass(frozen=True)
class SeriesTask:
    """A share of the series of a recording."""

    recording: str
    share: BlockTask

    @property
    def rows(self) -> int:
        """One row per voxel."""
        return self.share.rows


def plan_series(images: SparkImages, recording: str) -> list[SeriesTask]:
    """Cut the volumes into pieces, and return a task for each block of series.

    The pieces stay for as long as the tasks do.
    """
    return [SeriesTask(recording, share) for share in images.toseries().tasks()]


def join_series(task: SeriesTask) -> Iterator[pa.RecordBatch]:
    """Join the series of a task as rows of `pixel_series`."""
    for rows in task.share.blocks():
        columns = [
            *voxel_columns(task.recording, rows.keys),
            pa.repeat(pa.scalar(rows.values.dtype.name), len(rows.keys)),
            series_column(rows.values.astype(np.float64)),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=PIXEL_SERIES)


def voxel_columns(recording: str, keys: Integers) -> list[pa.Array]:
    """Return the key columns of voxels (z, y, x), int64 [n, 3]."""
    places = (series_column(np.ascontiguousarray(axis, np.int32)) for axis in keys.T)
    return [pa.repeat(pa.scalar(recording), len(keys)), *places]
