"""The covariance between time points across all voxels of a recording."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from image_assets.contracts import TIME_COVARIANCE
from image_assets.recordings.faces import SparkSeries
from image_assets.signals.arrays import Floats
from image_assets.signals.arrow import series_column


@dataclass(frozen=True)
class CovarianceRows:
    """The finished covariance [t, t] of a recording: a few MiB even for thousands of time points."""

    recording: str
    values: Floats

    @property
    def rows(self) -> int:
        """One row per time point."""
        return len(self.values)


def plan_covariance(series: SparkSeries, recording: str) -> list[CovarianceRows]:
    """Add up the covariance in tasks; what is left to do is to write it."""
    return [CovarianceRows(recording, series.cov())]


def write_covariance(task: CovarianceRows) -> Iterator[pa.RecordBatch]:
    """Return the rows of `time_covariance`."""
    columns = [
        pa.repeat(pa.scalar(task.recording), task.rows),
        series_column(np.arange(task.rows, dtype=np.int32)),
        series_column(task.values),
    ]
    yield pa.RecordBatch.from_arrays(columns, schema=TIME_COVARIANCE)
