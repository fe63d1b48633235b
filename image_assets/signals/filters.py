"""Spatial filters on volumes: block [n, z, y, x] (or [n, y, x]) in, the same shape and dtype out.

The filters are those of `scipy.ndimage`. Borders are mirrored with the edge pixel repeated (d c b a | a b c d | d c),
over and over where a window is wider than the volume. A window of size k covers the offsets -(k // 2) ..
k - 1 - k // 2. Integer volumes are truncated to their dtype after each axis of a separable filter; floating ones are
not.

Source: `Images.median_filter`, `uniform_filter`, `gaussian_filter` of Thunder 1.x (`thunder/images/images.py`).
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from image_assets.signals.arrays import Block
from image_assets.signals.volumes import per_axis


def median_filter(volumes: Block, size: int | Sequence[int] = 2) -> Block:
    """Return the middle value of the window around each voxel.

    Element number N // 2 (from 0) of the N sorted values: the upper median where N is even.

    Args:
        volumes: Block [n, z, y, x].
        size: Window in voxels: one number for all axes, or one per axis. [a, b, 0] filters each slice along the last
            axis with a window [a, b]; for slices along z use [1, b, c].

    Returns:
        The input dtype and shape.
    """
    sizes, axes = _window(volumes, size)
    return np.asarray(ndimage.median_filter(volumes, size=sizes, axes=axes))


def uniform_filter(volumes: Block, size: int | Sequence[int] = 2) -> Block:
    """Return the mean of the window around each voxel, as moving means along z, then y, then x.

    Args:
        volumes: Block [n, z, y, x].
        size: Window in voxels, as in `median_filter`.

    Returns:
        The input dtype and shape; integers are truncated after each axis.
    """
    sizes, axes = _window(volumes, size)
    return np.asarray(ndimage.uniform_filter(volumes, size=sizes, axes=axes))


def gaussian_filter(volumes: Block, sigma: float | Sequence[float] = 2) -> Block:
    """Smooth with a Gaussian along z, then y, then x.

    The kernel is exp(-i**2 / (2 sigma**2)) for abs(i) <= int(4 sigma + 0.5), normalized to sum 1.

    Args:
        volumes: Block [n, z, y, x].
        sigma: Standard deviation in voxels, one for all axes or one per axis; an axis with 0 is skipped.

    Returns:
        The input dtype and shape; integers are truncated after each axis.
    """
    sigmas = per_axis(volumes, sigma, "sigma")
    return np.asarray(ndimage.gaussian_filter(volumes, sigma=sigmas, axes=tuple(range(1, volumes.ndim))))


def _window(volumes: Block, size: int | Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the window sizes and the axes of the block that they belong to."""
    sizes = tuple(int(number) for number in per_axis(volumes, size, "size"))
    axes = tuple(range(1, volumes.ndim))
    if len(sizes) == 3 and sizes[2] == 0:
        return sizes[:2], axes[:2]
    return sizes, axes
