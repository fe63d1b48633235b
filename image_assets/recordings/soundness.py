"""Whether the tables of a recording agree with each other and with the definitions, from the tables themselves."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow.compute as pc
from pyspark import SparkContext

from image_assets.errors import WarehouseError
from image_assets.recordings.clusters import load_clusters
from image_assets.recordings.index import RecordingIndex, recording_index, series_dtype
from image_assets.recordings.maps import ROWS_PER_TASK
from image_assets.signals.arrays import as_float
from image_assets.spark.stages import gather_stage
from image_assets.warehouse.reading import Fragment, read_fragment, split_files
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

CONSTANT_PHASE = 3 * math.pi / 2


def frame_problems(warehouse: Warehouse, recording: str) -> list[str]:
    """Tell which frames are missing, out of order, unreadable, or unlike the others in shape or sample type."""
    try:
        return list(recording_index(warehouse.table("recording_frames"), recording).problems)
    except WarehouseError as error:
        return [str(error)]


def series_problems(warehouse: Warehouse, recording: str) -> list[str]:
    """Tell whether there is one series per voxel, with a value per frame."""
    try:
        index = recording_index(warehouse.table("recording_frames"), recording)
        dtype, n_times = series_dtype(warehouse.table("pixel_series"), recording, index.shape)
    except WarehouseError as error:
        return [str(error)]
    if (dtype, n_times) != (index.dtype, index.n_times):
        return [f"series of {n_times} {dtype}, frames: {index.n_times} of {index.dtype}"]
    return []


def feature_problems(context: SparkContext, warehouse: Warehouse, recording: str) -> list[str]:
    """Count the voxels whose features are finite where they should not be, or the other way round.

    For a recording of finite samples: moments are finite; coherence and correlation are NaN exactly where the voxel is
    constant, and the phase is 3 pi / 2 there.
    """
    table = warehouse.table("series_features")
    index = recording_index(warehouse.table("recording_frames"), recording)
    found = table.counts([recording])[recording].rows
    problems = [] if found == math.prod(index.shape) else [f"{found:,} voxels of {math.prod(index.shape):,}"]
    counts = _feature_counts(context, table, index)
    names = ("moments that are not finite", "coherence", "correlation", "phase of constant voxels")
    return problems + [f"{name}: {count:,} voxels" for name, count in zip(names, counts, strict=True) if count]


def cluster_problems(context: SparkContext, warehouse: Warehouse, recording: str) -> list[str]:
    """Tell whether every voxel has a row and the sizes of the clusters add up to the selected voxels."""
    table = warehouse.table("series_clusters")
    index = recording_index(warehouse.table("recording_frames"), recording)
    fitted = load_clusters(warehouse, recording)
    k = int(fitted.metadata["k"])
    root, partition_column = table.root, table.partition_column

    def count(fragments: Iterable[Fragment]) -> Iterator[list[int]]:
        for fragment in fragments:
            for batch in read_fragment(root, fragment, ["cluster", "selected"], partition_column, ROWS_PER_TASK):
                chosen = batch.filter(batch["selected"])["cluster"].drop_null()
                yield np.bincount(np.asarray(chosen), minlength=k).tolist()

    found = table.counts([recording])[recording].rows
    problems = [] if found == math.prod(index.shape) else [f"{found:,} voxels of {math.prod(index.shape):,}"]
    counts = gather_stage(context, split_files(table.files([recording]), ROWS_PER_TASK), count)
    sizes = np.sum(counts, axis=0) if counts else np.zeros(k, np.int64)
    if not np.array_equal(sizes, fitted.arrays["sizes"]):
        problems.append(f"selected voxels per cluster are {sizes.tolist()}, fitted {fitted.arrays['sizes'].tolist()}")
    return problems


def _feature_counts(context: SparkContext, table: Table, index: RecordingIndex) -> tuple[int, ...]:
    columns = ["mean", "std", "minimum", "maximum", "coherence", "phase", "correlation"]
    root, partition_column = table.root, table.partition_column
    samples_are_finite = np.dtype(index.dtype).kind != "f"

    def count(fragments: Iterable[Fragment]) -> Iterator[tuple[int, ...]]:
        for fragment in fragments:
            for batch in read_fragment(root, fragment, columns, partition_column, ROWS_PER_TASK):
                values = {name: as_float(batch[name].to_numpy(zero_copy_only=False)) for name in columns}
                nulls = {name: np.asarray(pc.is_null(batch[name])) for name in columns}
                moments = np.isfinite([values[name] for name in columns[:4]]).all(axis=0)
                constant = values["std"] == 0
                wrong = [np.isnan(values[name]) != (constant | ~moments) for name in ("coherence", "correlation")]
                yield (
                    int((~moments).sum()) if samples_are_finite else 0,
                    int((wrong[0] & ~nulls["coherence"]).sum()),
                    int((wrong[1] & ~nulls["correlation"]).sum()),
                    int((constant & (values["phase"] != CONSTANT_PHASE) & ~nulls["phase"]).sum()),
                )

    fragments = split_files(table.files([index.recording]), ROWS_PER_TASK)
    found = gather_stage(context, fragments, count)
    return tuple(np.sum(found, axis=0).tolist()) if found else (0, 0, 0, 0)
