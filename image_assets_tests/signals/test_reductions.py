from typing import Any

import numpy as np
import pytest

from image_assets.signals.errors import SignalError
from image_assets.signals.local_correlation import LocalCorrelation
from image_assets.signals.moments import Moments
from image_assets.signals.reductions import (
    Covariance,
    Fold,
    MomentReduction,
    Reduction,
    finish_partials,
    merge_blocks,
    pack,
    reduce_blocks,
    unpack,
)

GENERATOR = np.random.default_rng(5)


def test_folds_keep_or_widen_the_dtype_as_numpy_does() -> None:
    values = np.array([[250, 3], [251, 1]], dtype=np.uint8)
    total = reduce_blocks(Fold(np.add), [values[:1], values[1:]])
    largest = reduce_blocks(Fold(np.maximum), [values[:1], values[1:]])
    assert (total.dtype.name, total.tolist()) == ("uint64", [501, 4])
    assert (largest.dtype.name, largest.tolist()) == ("uint8", [251, 3])


def test_sums_of_single_precision_are_added_in_double() -> None:
    values = np.full((1_000_000, 1), 0.1, dtype=np.float32)
    assert reduce_blocks(Fold(np.add), [values])[0] == pytest.approx(100_000.00149, rel=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_the_covariance_of_parts_is_the_covariance_of_the_whole(offset: float) -> None:
    series = GENERATOR.normal(offset, 1.0, size=(50, 6))
    parts = [series[:1], series[1:20], series[20:]]
    np.testing.assert_allclose(reduce_blocks(Covariance(), parts), np.cov(series, rowvar=False), rtol=1e-7, atol=1e-12)


def test_a_covariance_needs_two_series() -> None:
    with pytest.raises(SignalError, match="at least 2 series"):
        reduce_blocks(Covariance(), [np.ones((1, 3))])


def test_blocks_that_lost_their_records_are_passed_over() -> None:
    values = GENERATOR.normal(size=(4, 3))
    result = reduce_blocks(MomentReduction(), [values[:0], values[:3], values[:0], values[3:]])
    np.testing.assert_allclose(result.mean(), values.mean(axis=0), rtol=1e-14)


def test_a_reduction_of_nothing_says_so() -> None:
    with pytest.raises(SignalError, match="MomentReduction of no records"):
        reduce_blocks(MomentReduction(), [np.empty((0, 3))])


@pytest.mark.parametrize("reduction", [MomentReduction(), Covariance(), Fold(np.add), LocalCorrelation(3)])
def test_partial_results_travel_as_bytes(reduction: Reduction[Any]) -> None:
    shape = (9, 2, 5, 6) if isinstance(reduction, LocalCorrelation) else (9, 8)
    values = GENERATOR.integers(0, 255, size=shape).astype(np.uint8)
    tasks = [merge_blocks(reduction, [values[:2], values[2:5]]), merge_blocks(reduction, [values[5:]])]
    moved = [unpack(pack(partial)) for partial in tasks if partial is not None]
    result, direct = finish_partials(reduction, moved), reduce_blocks(reduction, [values])
    if isinstance(result, Moments):
        result, direct = result.variance(), direct.variance()
    np.testing.assert_allclose(result, direct, rtol=1e-9, atol=1e-12)


def test_a_task_without_records_has_no_partial_result() -> None:
    assert merge_blocks(Covariance(), [np.empty((0, 3))]) is None
