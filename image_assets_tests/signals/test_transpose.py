from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_assets.signals.arrays import Block
from image_assets.signals.errors import SignalError
from image_assets.signals.transpose import BlockPlan, Piece, join_pieces, voxel_keys

VOLUMES = np.random.default_rng(1).integers(0, 60_000, size=(11, 2, 3, 5)).astype(np.uint16)


def split_volumes(volumes: Block, start: int, plan: BlockPlan) -> Iterator[Piece]:
    """Cut consecutive volumes [times, z, y, x] by block of voxels."""
    flat = volumes.reshape(len(volumes), -1)
    for block in range(plan.n_blocks):
        yield Piece(block, start, np.ascontiguousarray(flat[:, plan.voxels(block)]))


@given(st.integers(1, 40), st.lists(st.integers(1, 10), max_size=4), st.randoms())
def test_cut_and_joined_volumes_are_their_transpose(voxels_per_block: int, cuts: list[int], random: object) -> None:
    plan = BlockPlan((2, 3, 5), 11, voxels_per_block)
    bounds = sorted({0, 11, *cuts})
    pieces = [piece for start, stop in pairwise(bounds) for piece in split_volumes(VOLUMES[start:stop], start, plan)]
    random.shuffle(pieces)  # type: ignore[attr-defined]
    blocks = [join_pieces([p for p in pieces if p.block == block], plan) for block in range(plan.n_blocks)]
    np.testing.assert_array_equal(np.concatenate(blocks), VOLUMES.reshape(11, -1).T)
    assert all(block.flags.c_contiguous and block.dtype == np.uint16 for block in blocks)


def test_keys_are_coordinates_in_c_order() -> None:
    plan = BlockPlan((2, 3, 5), 11, 8)
    assert voxel_keys(0, 2, (2, 3, 5)).tolist() == [[0, 0, 0], [0, 0, 1]]
    keys = np.concatenate([plan.keys(block) for block in range(plan.n_blocks)])
    np.testing.assert_array_equal((keys[:, 0] * 3 + keys[:, 1]) * 5 + keys[:, 2], np.arange(30))


def test_a_plan_holds_about_the_bytes_asked_for() -> None:
    plan = BlockPlan.for_recording((4, 512, 512), 2000, itemsize=2, block_bytes=32 * 2**20)
    assert plan.voxels_per_block == 8388
    assert plan.n_blocks == 126
    assert BlockPlan.for_recording((1, 2, 2), 10**9, itemsize=8, block_bytes=1).voxels_per_block == 1


def whole() -> list[Piece]:
    plan = BlockPlan((2, 3, 5), 11, 30)
    return [next(split_volumes(VOLUMES[start : start + 4], start, plan)) for start in (0, 4, 8)]


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (whole()[1:], "from time 0 on"),
        (whole()[:2], "8 of 11 time points"),
        ([*whole(), whole()[1]], "found 4 times"),
        ([*whole()[:2], Piece(0, 8, whole()[2].values.astype(np.uint8))], "uint8"),
        ([*whole()[:2], Piece(0, 8, whole()[2].values[:, :5])], "of 5 voxels"),
        ([*whole(), Piece(0, 11, whole()[2].values)], "11 times in all"),
        ([], "without a piece"),
    ],
)
def test_missing_repeated_and_deviating_pieces_are_found(pieces: list[Piece], message: str) -> None:
    with pytest.raises(SignalError, match=message):
        join_pieces(pieces, BlockPlan((2, 3, 5), 11, 30))
