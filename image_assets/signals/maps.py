"""From results per voxel to volumes and colours: what the pictures show, as arrays."""

import numpy as np

from image_assets.signals.arrays import Block, Floats, Integers, as_float
from image_assets.signals.errors import SignalError

NO_CLUSTER = -1


def scatter(keys: Integers, values: Block, shape: tuple[int, ...], fill: float) -> Block:
    """Put one value per voxel into a volume.

    Args:
        keys: int64 [n, axes], coordinates of the voxels.
        values: [n].
        shape: Shape of the volume.
        fill: Value of the voxels without a key.

    Returns:
        Volume of the dtype of the values.

    Raises:
        SignalError: If a key lies outside the volume, or keys and values differ in number.
    """
    if keys.shape != (len(values), len(shape)) or values.ndim != 1:
        raise SignalError(f"keys {keys.shape} and values {values.shape} do not give one voxel of {shape} each")
    if ((keys < 0) | (keys >= np.array(shape))).any():
        raise SignalError(f"a key lies outside the volume {shape}")
    volume: Block = np.full(shape, fill, dtype=values.dtype)
    volume[tuple(keys.T)] = values
    return volume


def stretched(values: Block, percentile: float = 99.0) -> Floats:
    """Scale non-negative values to 0 .. 1 by a percentile of the finite ones; beyond it they are 1, NaN is 0.

    Returns:
        float64 of the same shape.
    """
    floats = as_float(values)
    finite = floats[np.isfinite(floats)]
    top = float(np.percentile(finite, percentile)) if finite.size else 0.0
    if top <= 0:
        return np.zeros_like(floats)
    return np.clip(np.nan_to_num(floats / top, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)


def phase_colours(phase: Floats, brightness: Floats) -> Floats:
    """Return the colour of a phase: its hue goes once round the circle, its value is the brightness.

    Args:
        phase: Radians in [0, 2 pi), any shape.
        brightness: 0 .. 1, the same shape; NaN is black.

    Returns:
        float64 RGB in 0 .. 1, one more axis of length 3.
    """
    from matplotlib.colors import hsv_to_rgb

    hue = np.nan_to_num(as_float(phase) / (2 * np.pi)) % 1.0
    value = np.clip(np.nan_to_num(as_float(brightness)), 0.0, 1.0)
    return as_float(hsv_to_rgb(np.stack([hue, np.ones_like(hue), value], axis=-1)))


def cluster_palette(k: int) -> Floats:
    """Return k colours that differ, float64 RGB [k, 3]: those of tab10 or tab20, hues beyond 20 clusters."""
    from matplotlib import colormaps

    if k > 20:
        return as_float(colormaps["hsv"](np.linspace(0, 1, k, endpoint=False)))[:, :3]
    return as_float(colormaps["tab10" if k <= 10 else "tab20"](np.arange(k)))[:, :3]


def cluster_colours(labels: Integers, k: int, brightness: Floats | None = None) -> Floats:
    """Return the colour of each label times its brightness; labels below 0 are black.

    Args:
        labels: Cluster numbers, any shape.
        k: Number of clusters.
        brightness: 0 .. 1, the same shape; 1 everywhere if None.

    Returns:
        float64 RGB in 0 .. 1, one more axis of length 3.
    """
    inside = labels >= 0
    value = as_float(inside) if brightness is None else np.where(inside, np.nan_to_num(brightness), 0.0)
    return cluster_palette(k)[np.maximum(labels, 0)] * value[..., np.newaxis]
