"""What the tables hold of each recording, in a line: for the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

from image_assets.recordings.clusters import load_clusters
from image_assets.recordings.index import recording_index
from image_assets.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class RecordingResult:
    """A recording after a run.

    Attributes:
        recording: its name.
        frames: time points.
        failures: frames that cannot be used.
        shape: (z, y, x).
        dtype: of the samples.
        selected: voxels that were clustered.
        cluster_sizes: how many of them each cluster has.
    """

    recording: str
    frames: int
    failures: int
    shape: tuple[int, ...]
    dtype: str
    selected: int
    cluster_sizes: tuple[int, ...]


def recording_results(warehouse: Warehouse, recordings: Sequence[str]) -> list[RecordingResult]:
    """Summarize recordings that have gone through the chain.

    Raises:
        WarehouseError: if one has not.
    """
    frames = warehouse.table("recording_frames")
    counts = frames.counts(recordings)
    results = []
    for name in recordings:
        index, fitted = recording_index(frames, name), load_clusters(warehouse, name)
        failures = counts[name].failures("read_error")
        sizes = tuple(int(size) for size in fitted.arrays["sizes"])
        results.append(RecordingResult(name, counts[name].rows, failures, index.shape, index.dtype, sum(sizes), sizes))
    return results
