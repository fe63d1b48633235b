"""From volumes to series by blocks, never the whole recording in one process.

Voxels are numbered in C order, (z * Y + y) * X + x, and cut into blocks of consecutive numbers. A task that holds the
volumes of some time points writes them cut by block; the task of a block reads its piece of each file and puts them
together in time (`join_pieces`); see `recordings.task_files`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from image_assets.signals.arrays import Block, Integers
from image_assets.signals.errors import SignalError

DEFAULT_BLOCK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Piece:
    """Some time points of one block of voxels.

    Attributes:
        block: Number of the block of voxels.
        start: Time of the first row of `values`.
        values: [times, voxels], in the dtype of the recording.
    """

    block: int
    start: int
    values: Block


@dataclass(frozen=True)
class BlockPlan:
    """How the voxels of a recording are cut into blocks.

    Attributes:
        shape: Shape of one volume.
        n_times: Number of time points.
        voxels_per_block: Voxels of every block but a shorter last one.
    """

    shape: tuple[int, ...]
    n_times: int
    voxels_per_block: int

    @classmethod
    def for_recording(
        cls, shape: tuple[int, ...], n_times: int, itemsize: int, block_bytes: int = DEFAULT_BLOCK_BYTES
    ) -> "BlockPlan":
        """Cut so that all series of a block take about `block_bytes` in the dtype of the recording."""
        return cls(shape, n_times, max(1, block_bytes // max(1, n_times * itemsize)))

    @property
    def n_voxels(self) -> int:
        """Number of voxels of one volume."""
        return int(np.prod(self.shape))

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return -(-self.n_voxels // self.voxels_per_block)

    def voxels(self, block: int) -> slice:
        """Return the voxel numbers of one block."""
        start = block * self.voxels_per_block
        return slice(start, min(start + self.voxels_per_block, self.n_voxels))

    def keys(self, block: int) -> Integers:
        """Return the coordinates (z, y, x) of the voxels of one block, int64 [voxels, axes]."""
        voxels = self.voxels(block)
        return voxel_keys(voxels.start, voxels.stop, self.shape)


def voxel_keys(start: int, stop: int, shape: tuple[int, ...]) -> Integers:
    """Return the coordinates of voxels start .. stop - 1 in C order, int64 [stop - start, axes]."""
    return np.stack(np.unravel_index(np.arange(start, stop), shape), axis=1).astype(np.int64, copy=False)


def join_pieces(pieces: Sequence[Piece], plan: BlockPlan) -> Block:
    """Put the pieces of one block together.

    Args:
        pieces: All pieces of one block, in any order.
        plan: The plan that they were cut by.

    Returns:
        Series [voxels, t] in the dtype of the recording, C-contiguous.

    Raises:
        SignalError: If time points are missing, twice there, or differ in shape or dtype.
    """
    if not pieces:
        raise SignalError("a block of voxels without a piece cannot be joined")
    ordered = sorted(pieces, key=lambda piece: piece.start)
    voxels = plan.voxels(ordered[0].block)
    series = np.empty((voxels.stop - voxels.start, plan.n_times), dtype=ordered[0].values.dtype)
    time = 0
    for piece in ordered:
        times, n_voxels = piece.values.shape
        fits = n_voxels == len(series) and piece.values.dtype == series.dtype and time + times <= plan.n_times
        if piece.start != time or piece.block != ordered[0].block or not fits:
            raise SignalError(
                f"block {ordered[0].block}: expected {len(series)} voxels of {series.dtype} from time {time} on, "
                f"{plan.n_times} times in all; found {times} times of {n_voxels} voxels of {piece.values.dtype} "
                f"of block {piece.block} from time {piece.start} on"
            )
        series[:, time : time + times] = piece.values.T
        time += times
    if time != plan.n_times:
        raise SignalError(f"block {ordered[0].block}: {time} of {plan.n_times} time points are there")
    return series
