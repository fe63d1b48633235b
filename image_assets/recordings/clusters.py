"""Stage 5: k-means on selected series, and the nearest centre of every voxel.

The centres are an artefact of the warehouse. The files of a recording tell which one they were labelled by, as their
recipe, so that labels and centres are published by one commit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from image_assets.contracts import SERIES_CLUSTERS
from image_assets.errors import WarehouseError
from image_assets.recordings.blocks import BlockTask
from image_assets.recordings.faces import SparkSeries
from image_assets.recordings.options import RecordingOptions
from image_assets.recordings.pixel_series import voxel_columns
from image_assets.signals.arrays import Block, Floats, Integers, centred, row_norms
from image_assets.signals.arrow import series_column
from image_assets.signals.chains import Chain
from image_assets.signals.errors import SignalError
from image_assets.signals.kmeans import Clustering, fit, lloyd, nearest_centre
from image_assets.signals.maps import NO_CLUSTER
from image_assets.signals.records import Rows, Selection, Step, run_steps
from image_assets.spark.updates import Update
from image_assets.warehouse.artifacts import Artifact, ArtifactStore
from image_assets.warehouse.parquet import MEBIBYTE
from image_assets.warehouse.recipes import recipes_of
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

KIND = "clusterings"
SAMPLE_BYTES = 64 * MEBIBYTE
"""Of selected series that the driver holds at most, to fit the centres or to start from."""


@dataclass(frozen=True)
class FittedClusters:
    """Centres that were fitted to the selected series of a recording.

    Attributes:
        clustering: centres, sizes and inertia.
        n_selected: number of selected series.
        n_sample: number of them that the start was fitted to; the same where all fit into the driver.
        steps: what makes a series of the recording comparable with the centres.
    """

    clustering: Clustering
    n_selected: int
    n_sample: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Sample:
    """Keeps a share of the records by a hash of their keys, so that it does not depend on how they are divided."""

    share: float
    seed: int

    def __call__(self, rows: Rows) -> Rows:
        """Keep the records whose hash lies below the share."""
        hashes = np.full(len(rows.keys), self.seed, np.uint64)
        for axis in rows.keys.T:
            hashes = _mixed(hashes ^ axis.astype(np.uint64))
        kept = hashes < np.uint64(min(self.share, 1.0) * (2**64 - 2**12))
        return Rows(rows.keys[kept], rows.values[kept])


def fit_clusters(series: SparkSeries, options: RecordingOptions) -> FittedClusters:
    """Fit k-means to the selected series.

    Where they fit into the driver (64 MiB), the fit is scikit-learn's on all of them. Otherwise it is fitted to a
    sample, and Lloyd's algorithm goes on from its centres over all of them in Spark.

    Raises:
        SignalError: if fewer series than clusters are selected.
    """
    selected = Chain(options.cluster_input)(series)
    if not isinstance(selected, SparkSeries):
        raise SignalError(f"cluster_input {options.cluster_input!r} gives an array, not series")
    n_selected = selected.count()
    if n_selected < options.k:
        raise SignalError(
            f"{options.cluster_input!r} selects {n_selected} series, too few for {options.k} clusters: lower its bound "
            "or k, in recording.json or by IMAGE_ASSETS_RECORDING_CLUSTER_INPUT and IMAGE_ASSETS_RECORDING_K"
        )
    share = SAMPLE_BYTES / (n_selected * 8 * len(selected.index))
    if share >= 1:
        sample = selected.rows().values
        clustering = fit(sample, options.k, seed=options.seed, n_init=options.n_init)
    else:
        stored = selected.compute()
        sample = stored.then(Sample(share, options.seed)).rows().values
        start = fit(sample, options.k, seed=options.seed, n_init=options.n_init)
        clustering = lloyd(stored.reduce, start.centres)
    return FittedClusters(clustering, n_selected, len(sample), selected.steps)


@dataclass(frozen=True)
class ClusterTask:
    """A share of the series of a recording, and the centres.

    Attributes:
        recording: its name.
        share: of the series.
        centres: float64 [k, t].
        steps: what makes a series comparable with the centres, and which series were selected.
    """

    recording: str
    share: BlockTask
    centres: Floats
    steps: tuple[Step, ...]

    @property
    def rows(self) -> int:
        """One row per voxel."""
        return self.share.rows


def plan_clusters(
    series: SparkSeries, target: Table, recording: str, fitted: FittedClusters, digest: str
) -> Update[ClusterTask]:
    """Plan the rows of a recording: all of its series, labelled by the centres that have this digest."""
    centres = fitted.clustering.centres
    tasks = [ClusterTask(recording, share, centres, fitted.steps) for share in series.tasks()]
    return Update(tasks, base=tuple(target.files([recording])), recipe=digest)


def assign_clusters(task: ClusterTask) -> Iterator[pa.RecordBatch]:
    """Find the nearest centre of every voxel of a task, as rows of `series_clusters`."""
    for rows in task.share.blocks():
        values, selected = without_selections(rows, task.steps)
        labels = nearest_centre(values, task.centres)
        columns = [
            *voxel_columns(task.recording, rows.keys),
            pa.array(labels.astype(np.int32), pa.int32(), mask=labels == NO_CLUSTER),
            series_column(own_correlation(values, labels, task.centres)),
            pa.array(selected),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=SERIES_CLUSTERS)


def without_selections(rows: Rows, steps: tuple[Step, ...]) -> tuple[Block, Block]:
    """Run steps on all records and tell which of them the selections among the steps would have kept.

    Returns:
        Values [n, ...], and bool [n].
    """
    kept = np.ones(len(rows.keys), np.bool_)
    for step in steps:
        if isinstance(step, Selection):
            kept &= step.predicate(rows.values)
        else:
            rows = run_steps(rows, [step])
    return rows.values, kept


def own_correlation(series: Block, labels: Integers, centres: Floats) -> Floats:
    """Return the Pearson correlation of each series with its own centre, float64 [n]; 0 where there is none.

    Args:
        series: Block [n, t].
        labels: number of the centre of each series, int64 [n]; -1 for none.
        centres: [k, t].
    """
    deviations, directions = centred(series), centred(centres)
    own = directions[np.maximum(labels, 0)]
    products = np.einsum("ij,ij->i", deviations, own)
    norms = row_norms(deviations) * row_norms(own)
    usable = (labels >= 0) & (norms > 0)
    return np.where(usable, np.clip(products / np.where(usable, norms, 1.0), -1.0, 1.0), 0.0)


def store_clusters(store: ArtifactStore, recording: str, fitted: FittedClusters, options: RecordingOptions) -> str:
    """Keep the centres under their digest and return it."""
    found = fitted.clustering
    metadata = {
        "recording": recording,
        "cluster_input": options.cluster_input,
        "k": options.k,
        "seed": options.seed,
        "n_init": options.n_init,
        "inertia": found.inertia,
        "n_iterations": found.n_iterations,
        "converged": bool(found.converged),
        "n_selected": fitted.n_selected,
        "n_sample": fitted.n_sample,
    }
    arrays = {"centres": found.centres, "sizes": found.sizes}
    return store.put(KIND, Artifact(arrays, metadata).to_bytes(), "npz")


def load_clusters(warehouse: Warehouse, recording: str) -> Artifact:
    """Read the centres that the rows of a recording were labelled by.

    Raises:
        WarehouseError: if it was never clustered.
    """
    table = warehouse.table("series_clusters")
    digest = next(iter(recipes_of(table, table.files([recording])[:1])), None)
    if digest is None:
        raise WarehouseError(f"recording {recording!r} was never clustered: materialize series_clusters for it first")
    return warehouse.artifacts.load(KIND, digest)


def _mixed(values: Block) -> Block:
    """Mix the bits of uint64 [n]: the finalizer of splitmix64 (Steele, Lea and Flood, 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))
