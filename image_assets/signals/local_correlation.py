"""Correlation of each voxel with its neighbourhood, over time.

Source: `Images.localcorr` of Thunder 1.x (`thunder/images/images.py`).
"""

from dataclasses import dataclass

import numpy as np

from image_assets.signals.arrays import Block, Floats, as_float
from image_assets.signals.filters import uniform_filter
from image_assets.signals.reductions import Partial


@dataclass(frozen=True)
class LocalCorrelation:
    """Pearson correlation over time of each voxel with the mean of its neighbourhood, in one pass over the volumes.

    The neighbourhood mean is `uniform_filter` with a window of `size` along every axis, in the dtype of the
    volumes (integers truncated after each axis). The result is float64 of the shape of one volume; NaN where the
    voxel or its neighbourhood mean is constant.

    Partial results are count, means and co-deviations of the pair, merged as in `moments`.

    Attributes:
        size: Window of the neighbourhood in voxels along each axis.
    """

    size: int = 2

    def partial(self, values: Block) -> Partial:
        """Return count, two means, two sums of squared deviations and their products for one block of volumes."""
        raw, raw_mean = _deviations(values)
        blurred, blurred_mean = _deviations(uniform_filter(values, self.size))
        return (
            np.asarray(len(values)),
            raw_mean,
            blurred_mean,
            _sum_products(raw, raw),
            _sum_products(blurred, blurred),
            _sum_products(raw, blurred),
        )

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Merge the co-deviations of two sets of volumes."""
        count = left[0] + right[0]
        weight = left[0] * right[0] / count
        raw_step, blurred_step = right[1] - left[1], right[2] - left[2]
        return (
            count,
            left[1] + raw_step * (right[0] / count),
            left[2] + blurred_step * (right[0] / count),
            left[3] + right[3] + weight * raw_step**2,
            left[4] + right[4] + weight * blurred_step**2,
            left[5] + right[5] + weight * raw_step * blurred_step,
        )

    def finish(self, partial: Partial) -> Floats:
        """Return the correlation of each voxel."""
        with np.errstate(divide="ignore", invalid="ignore"):
            correlation = partial[5] / np.sqrt(partial[3]) / np.sqrt(partial[4])
        return np.clip(as_float(correlation), -1.0, 1.0)


def _deviations(volumes: Block) -> tuple[Floats, Floats]:
    """Return deviations from the mean volume and that mean; exact zeros where a voxel is constant."""
    floats = as_float(volumes)
    mean = floats[0] + (floats - floats[0]).mean(axis=0)
    return floats - mean, mean


def _sum_products(left: Floats, right: Floats) -> Floats:
    return np.asarray(np.einsum("i...,i...->...", left, right))
