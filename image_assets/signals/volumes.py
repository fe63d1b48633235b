"""Projections and selections within volumes: block [n, z, y, x] (or [n, y, x]) in, one result per volume out.

Axes of an argument count within one volume: 0 = z, 1 = y, 2 = x.

Source: `Images` of Thunder 1.x (`thunder/images/images.py`).
"""

from collections.abc import Sequence

import numpy as np

from image_assets.signals.arrays import Block
from image_assets.signals.errors import SignalError


def max_projection(volumes: Block, axis: int = 0) -> Block:
    """Return the largest value along one axis of each volume, in the input dtype.

    The default is z, as in the 1.x tutorial; the default of Thunder's own method is 2 (x).
    """
    return np.asarray(volumes.max(axis=_block_axis(volumes, axis)))


def max_min_projection(volumes: Block, axis: int = 0) -> Block:
    """Return maximum + minimum along one axis of each volume, in the input dtype.

    Integers wrap around: a sum of 277 is 21 in uint8. Floats do not.
    """
    block_axis = _block_axis(volumes, axis)
    return np.asarray(np.add(volumes.max(axis=block_axis), volumes.min(axis=block_axis)))


def subsample_volumes(volumes: Block, factor: int | Sequence[int]) -> Block:
    """Return every f-th element from 0 on along each axis of the volumes, without averaging.

    Args:
        volumes: Block [n, z, y, x].
        factor: One factor for all axes, or one per axis; each at least 1.

    Returns:
        Input dtype, [n, ceil(z / fz), ceil(y / fy), ceil(x / fx)].
    """
    factors = per_axis(volumes, factor, "factor")
    if any(int(step) != step or step < 1 for step in factors):
        raise SignalError(f"factor is {factor}: sampling factors are whole numbers of at least 1")
    return volumes[(slice(None), *(slice(None, None, int(step)) for step in factors))]


def crop(volumes: Block, box: tuple[slice, ...]) -> Block:
    """Return a box of each volume, in the input dtype; one slice per axis of a volume, missing ones take all.

    Raises:
        SignalError: If nothing of a volume lies in the box, or the box has too many axes.
    """
    if len(box) >= volumes.ndim:
        raise SignalError(f"a box of {len(box)} axes does not fit volumes of shape {volumes.shape[1:]}")
    cropped = volumes[(slice(None), *box)]
    if 0 in cropped.shape[1:]:
        raise SignalError(f"nothing of a volume of shape {volumes.shape[1:]} lies in {box}")
    return cropped


def subtract(volumes: Block, value: float | np.number | Block) -> Block:
    """Subtract a number or one volume from each volume, with NumPy's types.

    uint8 minus a Python integer stays uint8 and wraps around; minus a floating image gives float64.

    Args:
        volumes: Block [n, z, y, x].
        value: A number, or an array of the shape of one volume.

    Raises:
        SignalError: If an array has another shape, or an integer does not fit the dtype of the volumes.
    """
    if isinstance(value, np.ndarray):
        if value.shape != volumes.shape[1:]:
            raise SignalError(f"cannot subtract an image of shape {value.shape} from volumes {volumes.shape[1:]}")
        return np.asarray(volumes - value)
    plain = value.item() if isinstance(value, np.generic) else value
    try:
        return np.asarray(volumes - plain)
    except OverflowError as error:
        raise SignalError(f"{plain} does not fit {volumes.dtype}: subtract a float or convert the volumes") from error


def per_axis(volumes: Block, value: float | Sequence[float], name: str) -> tuple[float, ...]:
    """Return one number per axis of a volume from one number for all or a sequence.

    Raises:
        SignalError: If a sequence has another length than a volume has axes.
    """
    n_axes = volumes.ndim - 1
    values = (value,) * n_axes if isinstance(value, int | float | np.number) else tuple(value)
    if len(values) != n_axes:
        raise SignalError(f"{name} is {value}: expected one number or {n_axes}, one per axis of a volume")
    return values


def _block_axis(volumes: Block, axis: int) -> int:
    if not 0 <= axis < volumes.ndim - 1:
        raise SignalError(f"axis is {axis}: a volume has the axes 0 to {volumes.ndim - 2}")
    return axis + 1
