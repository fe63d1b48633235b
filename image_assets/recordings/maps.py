"""Pictures of a recording: how much each voxel varies, when it responds, which cluster it belongs to.

A picture shows at most eight planes and about a thousand pixels a side; of larger volumes it takes every s-th voxel, so
that the driver holds what is drawn and no more.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyspark import SparkContext

from image_assets.recordings.blocks import KEYS
from image_assets.recordings.clusters import load_clusters
from image_assets.recordings.index import RecordingIndex, recording_index
from image_assets.signals.arrays import Floats, as_float
from image_assets.signals.maps import NO_CLUSTER, scatter, stretched
from image_assets.signals.pictures import cluster_picture, phase_picture, std_picture
from image_assets.signals.reductions import pack, unpack
from image_assets.spark.stages import gather_stage
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import partition_directory
from image_assets.warehouse.reading import Fragment, read_fragment, split_files
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

MAX_PLANES = 8
MAX_SIDE = 1024
ROWS_PER_TASK = 1 << 20
PICTURES = "_pictures"
NAMES = ("std_map", "phase_map", "cluster_map")
DPI = 130


@dataclass(frozen=True)
class Drawn:
    """What of a volume is drawn.

    Attributes:
        shape: (z, y, x) of the drawn voxels.
        step: every how many-th row and column.
    """

    shape: tuple[int, int, int]
    step: int

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> "Drawn":
        """Choose the voxels of a volume that are drawn."""
        n_planes, height, width = shape
        step = -(-max(height, width) // MAX_SIDE)
        return cls((min(n_planes, MAX_PLANES), -(-height // step), -(-width // step)), step)


def std_map(context: SparkContext, warehouse: Warehouse, recording: str) -> "Figure":
    """Draw the standard deviation of each voxel over time, from `series_features`."""
    index = recording_index(warehouse.table("recording_frames"), recording)
    (deviation,) = drawn_values(context, warehouse.table("series_features"), index, ["std"])
    return std_picture(deviation, f"{recording}: standard deviation over {index.n_times:,} frames")


def phase_map(context: SparkContext, warehouse: Warehouse, recording: str, frequency: int) -> "Figure":
    """Draw the phase of each voxel's response to the stimulus, as bright as it is coherent, from `series_features`."""
    index = recording_index(warehouse.table("recording_frames"), recording)
    coherence, phase = drawn_values(context, warehouse.table("series_features"), index, ["coherence", "phase"])
    title = f"{recording}: phase at {frequency} periods in {index.n_times:,} frames"
    return phase_picture(phase, stretched(coherence), title, dimmed_by="coherence (99 % = 1)")


def cluster_map(context: SparkContext, warehouse: Warehouse, recording: str) -> "Figure":
    """Draw the cluster of each voxel, as bright as the voxel correlates with its centre, from `series_clusters`."""
    index = recording_index(warehouse.table("recording_frames"), recording)
    fitted = load_clusters(warehouse, recording)
    columns = ["cluster", "correlation"]
    labels, correlation = drawn_values(context, warehouse.table("series_clusters"), index, columns)
    numbers = np.where(np.isfinite(labels), labels, NO_CLUSTER).astype(np.int64)
    title = f"{recording}: nearest of {fitted.metadata['k']} centres"
    return cluster_picture(numbers, fitted.metadata["k"], np.clip(correlation, 0.0, 1.0), title)


def centres_picture(centres: Floats, sizes: Sequence[int]) -> "Figure":
    """Draw the centres [k, t] of clusters over time, one below the other."""
    from matplotlib.figure import Figure

    from image_assets.signals.maps import cluster_palette

    figure = Figure(figsize=(7, 0.6 * len(centres) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right", "left"]].set_visible(False)
    span = float(np.ptp(centres)) or 1.0
    for number, (centre, colour) in enumerate(zip(centres, cluster_palette(len(centres)).tolist(), strict=True)):
        axes.plot(centre - number * span, color=tuple(colour), linewidth=1.2)
    middles = [-number * span for number in range(len(centres))]
    axes.set_yticks(middles, [f"{number}: {size:,} voxels" for number, size in enumerate(sizes)])
    axes.set(xlabel="frame", xlim=(0, centres.shape[1] - 1))
    return figure


def covariance_picture(covariance: Floats) -> "Figure":
    """Draw a covariance between time points, float [t, t]; beyond a thousand, every s-th is drawn."""
    from matplotlib.figure import Figure

    step = -(-len(covariance) // MAX_SIDE)
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    ends = (-0.5, len(covariance) - 0.5)
    drawn = axes.imshow(covariance[::step, ::step], cmap="viridis", extent=(*ends, ends[1], ends[0]))
    axes.set(xlabel="frame", ylabel="frame", title="Covariance between time points")
    figure.colorbar(drawn, ax=axes, label="squared grey levels")
    return figure


def drawn_values(
    context: SparkContext, table: Table, index: RecordingIndex, columns: Sequence[str]
) -> tuple[Floats, ...]:
    """Read the values of the voxels that a picture shows.

    Returns:
        A float64 volume [z, y, x] of the drawn voxels per column; NaN where the table has none.
    """
    drawn = Drawn.of(index.shape)
    root, partition_column = table.root, table.partition_column

    def read(fragments: Iterable[Fragment]) -> Iterator[bytes]:
        for fragment in fragments:
            for batch in read_fragment(root, fragment, [*KEYS, *columns], partition_column, ROWS_PER_TASK):
                keys = np.stack([np.asarray(batch[name]) for name in KEYS], axis=1).astype(np.int64)
                shown = (keys[:, 0] < drawn.shape[0]) & (keys[:, 1:] % drawn.step == 0).all(axis=1)
                values = (as_float(batch[name].to_numpy(zero_copy_only=False)) for name in columns)
                yield pack((keys[shown] // [1, drawn.step, drawn.step], *(value[shown] for value in values)))

    fragments = split_files(table.files([index.recording]), ROWS_PER_TASK)
    parts = [unpack(content) for content in gather_stage(context, fragments, read)]
    keys, *values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return tuple(scatter(keys, value, drawn.shape, np.nan) for value in values)


def picture_location(warehouse: Warehouse, name: str, recording: str) -> Location:
    """Return where a picture of a recording is: `_pictures/recording=<recording>/<name>.png` below the warehouse."""
    return warehouse.root.join(PICTURES, partition_directory("recording", recording), f"{name}.png")


def write_picture(warehouse: Warehouse, name: str, recording: str, figure: "Figure") -> Location:
    """Write a figure as PNG to its place below the warehouse."""
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=DPI)
    location = picture_location(warehouse, name, recording)
    location.write_bytes(sink.getvalue())
    return location


def stored_maps(warehouse: Warehouse, recording: str) -> "dict[str, Image]":
    """Return the pictures of a recording that have been drawn, by name."""
    from PIL import Image

    places = {name: picture_location(warehouse, name, recording) for name in NAMES}
    return {name: Image.open(io.BytesIO(place.read_bytes())) for name, place in places.items() if place.exists()}
