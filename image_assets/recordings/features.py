"""Stage 4: numbers per voxel: moments, the response to the stimulus, and what configured operations return."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from image_assets.contracts import SERIES_FEATURES
from image_assets.recordings.blocks import BlockTask
from image_assets.recordings.faces import SparkSeries
from image_assets.recordings.options import RecordingOptions
from image_assets.recordings.pixel_series import voxel_columns
from image_assets.signals.arrays import Block, Floats, as_float
from image_assets.signals.arrow import series_column
from image_assets.signals.chains import Chain
from image_assets.signals.correlation import correlate
from image_assets.signals.errors import SignalError
from image_assets.signals.records import Step, Transform, run_steps
from image_assets.signals.spectrum import fourier
from image_assets.signals.voxelwise import voxel_max, voxel_mean, voxel_min, voxel_std

SCALARS = ("mean", "std", "minimum", "maximum", "coherence", "phase", "correlation")


@dataclass(frozen=True)
class FeatureTask:
    """A share of the series of a recording, and what is computed of each.

    Attributes:
        recording: its name.
        share: of the series.
        frequency: whole periods of the stimulus in the recording; None without one.
        signal: [t] that series are correlated with; None without one.
        operations: text and steps of each configured operation.
    """

    recording: str
    share: BlockTask
    frequency: int | None
    signal: Floats | None
    operations: tuple[tuple[str, tuple[Step, ...]], ...]

    @property
    def rows(self) -> int:
        """One row per voxel."""
        return self.share.rows


def plan_features(series: SparkSeries, recording: str, options: RecordingOptions) -> list[FeatureTask]:
    """Prepare the operations and divide the series into tasks.

    Raises:
        SignalError: if an operation does not fit or leaves out voxels, or period or signal do not fit the recording.
    """
    operations = tuple((text, _steps(series, text)) for text in options.operations)
    signal = None if options.signal is None else np.asarray(options.signal, np.float64)
    n_times = len(series.index)
    if signal is not None and len(signal) != n_times:
        raise SignalError(f"the signal of {recording!r} has {len(signal)} values, the recording {n_times} time points")
    frequency = options.frequency(n_times)
    return [FeatureTask(recording, share, frequency, signal, operations) for share in series.tasks()]


def compute_features(task: FeatureTask) -> Iterator[pa.RecordBatch]:
    """Compute the rows of `series_features` of a task."""
    for rows in task.share.blocks():
        values, n = rows.values, len(rows.keys)
        response = (None, None) if task.frequency is None else fourier(values, task.frequency).T
        scalars = [
            voxel_mean(values),
            voxel_std(values),
            voxel_min(values),
            voxel_max(values),
            *response,
            None if task.signal is None else correlate(values, task.signal)[:, 0],
        ]
        results = {text: run_steps(rows, steps).values for text, steps in task.operations}
        columns = [
            *voxel_columns(task.recording, rows.keys),
            *(pa.nulls(n, pa.float64()) if one is None else series_column(as_float(one)) for one in scalars),
            _operations_column(results, n),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=SERIES_FEATURES)


def _steps(series: SparkSeries, text: str) -> tuple[Step, ...]:
    result = Chain(text)(series)
    if not isinstance(result, SparkSeries) or not all(isinstance(step, Transform) for step in result.steps):
        raise SignalError(
            f"operation {text!r} does not give each voxel a result: leave out filter, and what reduces all voxels"
        )
    return result.steps


def _operations_column(results: dict[str, Block], n: int) -> pa.Array:
    """Return the results of n voxels, each [n] or [n, l], as maps from their text."""
    flat = [as_float(values).reshape(n, -1) for values in results.values()]
    lengths = np.tile([values.shape[1] for values in flat], n)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    numbers = np.concatenate(flat, axis=1).reshape(-1) if flat else np.empty(0)
    lists = pa.ListArray.from_arrays(series_column(ends), series_column(numbers))
    offsets = series_column(np.arange(n + 1, dtype=np.int32) * len(flat))
    return pa.MapArray.from_arrays(offsets, pa.array(list(results) * n, pa.string()), lists)
