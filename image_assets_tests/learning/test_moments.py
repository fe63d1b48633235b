import pickle
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.learning.moments import Float32Array, Float64Array, Moments, check_width

ROWS = (np.random.default_rng(1).normal(size=(60, 7)) * np.arange(1, 8) + 5).astype(np.float32)


def reference(rows: Float32Array) -> tuple[Float64Array, Float64Array]:
    exact = rows.astype(np.float64)
    return exact.mean(axis=0), np.cov(exact, rowvar=False) * (len(exact) - 1)


def assert_same(found: Moments, rows: Float32Array) -> None:
    mean, scatter = reference(rows)
    assert found.count == len(rows)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(found.scatter, scatter, rtol=1e-10, atol=1e-9)


def test_moments_of_one_block_are_numpys() -> None:
    assert_same(Moments.of(ROWS), ROWS)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(ROWS)), max_size=6), order=st.randoms(use_true_random=False))
def test_any_split_in_blocks_and_any_order_of_merging_gives_the_same_moments(cuts: list[int], order: Random) -> None:
    edges = [0, *sorted(cuts), len(ROWS)]
    parts = [Moments.of(ROWS[a:b]) for a, b in pairwise(edges)]
    while len(parts) > 1:
        order.shuffle(parts)
        parts.append(parts.pop() + parts.pop())
    assert_same(parts[0], ROWS)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, len(ROWS)), max_size=6))
def test_blocks_of_one_task_give_the_same_moments(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ROWS)]
    blocks = [ROWS[a:b] for a, b in pairwise(edges)]
    assert_same(Moments.of_blocks(blocks, 7), ROWS)


def test_merging_leaves_both_sides_as_they_were() -> None:
    left, right = Moments.of(ROWS[:20]), Moments.of(ROWS[20:])
    before = left.mean.copy(), left.scatter.copy(), right.mean.copy(), right.scatter.copy()
    _ = left + right
    for kept, now in zip(before, (left.mean, left.scatter, right.mean, right.scatter), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_a_mean_far_larger_than_the_spread_costs_no_digits() -> None:
    offset = (ROWS[:, :3] + 1e6).astype(np.float32)
    merged = Moments.of(offset[:31]) + Moments.of(offset[31:])
    _, scatter = reference(offset)
    np.testing.assert_allclose(merged.scatter, scatter, rtol=1e-9)
    exact = offset.astype(np.float64)
    gram = exact.T @ exact - len(exact) * np.outer(exact.mean(axis=0), exact.mean(axis=0))
    assert np.abs(gram - scatter).max() > 1e3 * np.abs(merged.scatter - scatter).max()


def test_a_task_without_rows_is_neutral() -> None:
    empty = Moments.of(ROWS[:0])
    assert empty.count == 0
    assert_same(empty + Moments.of(ROWS), ROWS)
    assert_same(Moments.of(ROWS) + empty, ROWS)
    assert (empty + empty).count == 0


def test_a_pickle_holds_one_triangle_and_comes_back_exactly() -> None:
    rows = np.random.default_rng(2).normal(size=(300, 200)).astype(np.float32)
    moments = Moments.of(rows)
    stored = pickle.dumps(moments)
    back = pickle.loads(stored)  # noqa: S301
    assert len(stored) < 200 * 201 / 2 * 8 + 200 * 8 + 2000
    assert back.count == 300
    np.testing.assert_array_equal(back.mean, moments.mean)
    np.testing.assert_array_equal(back.scatter, moments.scatter)


def test_total_variance_is_the_sum_of_the_variances() -> None:
    expected = ROWS.astype(np.float64).var(axis=0, ddof=1).sum()
    assert Moments.of(ROWS).total_variance == pytest.approx(expected, rel=1e-12)


def test_flattened_features_are_refused_with_their_price_and_the_remedy() -> None:
    with pytest.raises(SettingsError, match=r"62,720.*29\.3 GiB.*sparse_random_projection"):
        Moments.of(np.zeros((1, 62_720), dtype=np.float32))


def test_the_width_limit_is_inclusive() -> None:
    check_width(100, limit=100)
    with pytest.raises(SettingsError, match="101 columns"):
        check_width(101, limit=100)


def test_moments_of_other_widths_are_not_merged() -> None:
    with pytest.raises(IncompatibleArtifactError, match="7 and of 6 features"):
        _ = Moments.of(ROWS) + Moments.of(ROWS[:, :6])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_feature_that_is_no_number_is_refused_with_its_row(value: float) -> None:
    rows = ROWS.copy()
    rows[17, 3] = value
    with pytest.raises(ValueError, match="Row 17"):
        Moments.of(rows)
