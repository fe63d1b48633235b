import pickle
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_assets.errors import IncompatibleArtifactError
from image_assets.learning.class_moments import ClassMoments, ClassSpread
from image_assets.learning.moments import IntArray, Moments

RNG = np.random.default_rng(3)
CLASSES: IntArray = RNG.integers(0, 4, size=80)
CLASSES[CLASSES == 2] = 3  # class 2 has no rows
ROWS = (RNG.normal(size=(80, 5)) + CLASSES[:, None] * 3 + 100).astype(np.float32)


def assert_same(found: ClassMoments) -> None:
    exact = ROWS.astype(np.float64)
    means = np.stack([exact[c == CLASSES].mean(axis=0) if c in CLASSES else np.zeros(5) for c in range(4)])
    centred = exact - means[CLASSES]
    np.testing.assert_array_equal(found.counts, np.bincount(CLASSES, minlength=4))
    np.testing.assert_allclose(found.means, means, rtol=1e-12)
    np.testing.assert_allclose(found.within, centred.T @ centred, rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(ROWS)), max_size=6), order=st.randoms(use_true_random=False))
def test_any_split_in_blocks_and_any_order_of_merging_gives_the_same_moments(cuts: list[int], order: Random) -> None:
    edges = [0, *sorted(cuts), len(ROWS)]
    parts = [ClassMoments.of(ROWS[a:b], CLASSES[a:b], 4) for a, b in pairwise(edges)]
    while len(parts) > 1:
        order.shuffle(parts)
        parts.append(parts.pop() + parts.pop())
    assert_same(parts[0])


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, len(ROWS)), max_size=6))
def test_blocks_of_one_task_give_the_same_moments(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ROWS)]
    blocks = [(ROWS[a:b], CLASSES[a:b]) for a, b in pairwise(edges)]
    assert_same(ClassMoments.of_blocks(blocks, 5, 4))


def test_rows_sorted_by_class_as_partitions_are_give_the_same_moments() -> None:
    order = np.argsort(CLASSES, kind="stable")
    assert_same(
        ClassMoments.of(ROWS[order][:40], CLASSES[order][:40], 4)
        + ClassMoments.of(ROWS[order][40:], CLASSES[order][40:], 4)
    )


def test_the_moments_of_all_rows_are_within_plus_between() -> None:
    total, expected = ClassMoments.of(ROWS, CLASSES, 4).total(), Moments.of(ROWS)
    assert total.count == expected.count
    np.testing.assert_allclose(total.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(total.scatter, expected.scatter, rtol=1e-9)


def test_a_pickle_comes_back_exactly() -> None:
    moments = ClassMoments.of(ROWS, CLASSES, 4)
    back = pickle.loads(pickle.dumps(moments))  # noqa: S301
    for name in ("counts", "means", "within"):
        np.testing.assert_array_equal(getattr(back, name), getattr(moments, name))


def test_a_class_outside_the_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0 \.\. 2.*largest of 3"):
        ClassMoments.of(ROWS, CLASSES, 3)


def test_moments_of_other_class_lists_are_not_merged() -> None:
    with pytest.raises(IncompatibleArtifactError, match=r"\(4, 5\) and of \(6, 5\)"):
        _ = ClassMoments.of(ROWS, CLASSES, 4) + ClassMoments.of(ROWS, CLASSES, 6)


def test_the_spread_is_the_diagonal_of_the_moments_however_rows_come() -> None:
    rng = np.random.default_rng(11)
    features = (rng.normal(size=(90, 5)) * [1, 2, 3, 4, 1e3] + 50).astype(np.float32)
    classes = rng.integers(0, 4, 90)
    moments = ClassMoments.of(features, classes, 5)  # the last class has no rows
    blocks = [(features[i : i + 13], classes[i : i + 13]) for i in range(0, 90, 13)]
    halves = ClassSpread.of_blocks(blocks[:3], 5, 5) + ClassSpread.of_blocks(blocks[3:], 5, 5)
    for spread in (halves, moments.spread()):
        np.testing.assert_array_equal(spread.counts, moments.counts)
        np.testing.assert_allclose(spread.means, moments.means, rtol=1e-12)
        np.testing.assert_allclose(spread.within, np.diag(moments.within), rtol=1e-9)
        count, mean, squares = spread.overall()
        assert count == 90
        np.testing.assert_allclose(mean, features.astype(float).mean(axis=0), rtol=1e-9)
        np.testing.assert_allclose(squares / 90, features.astype(float).var(axis=0), rtol=1e-9)
