import operator

import numpy as np
import pytest

from image_assets.signals.chains import Call, Chain, Comparison
from image_assets.signals.errors import SignalError
from image_assets.signals.local import Images, Series
from image_assets.signals.voxelwise import voxel_std

VOLUMES = np.random.default_rng(0).integers(0, 200, (20, 2, 6, 7)).astype(np.uint8)


def test_a_chain_is_what_one_would_write_in_python() -> None:
    series = Images(VOLUMES).toseries()
    expected = series.detrend("nonlinear", order=5).filter(lambda block: voxel_std(block) > 50).zscore()
    found = Chain("detrend('nonlinear', order=5).filter(voxel_std > 50).zscore()")(series)
    np.testing.assert_array_equal(found.rows().keys, expected.rows().keys)
    np.testing.assert_array_equal(found.toarray(), expected.toarray())


def test_a_chain_may_begin_with_a_selection_and_end_with_an_array() -> None:
    images = Images(VOLUMES)
    np.testing.assert_array_equal(
        Chain("[2:9:3, 0].max_projection(axis=1)")(images).toarray(), VOLUMES[2:9:3, 0].max(1)
    )
    np.testing.assert_array_equal(Chain(" [:, -1].max()")(images)[0], VOLUMES[:, 1].max(axis=0))


def test_the_calls_are_plain_values() -> None:
    (subsample, keep) = Chain("subsample([1, 5, 5]).filter(voxel_max <= -1.5)").calls
    assert subsample == Call("subsample", ([1, 5, 5],))
    (comparison,) = keep.arguments
    assert isinstance(comparison, Comparison)
    assert (comparison.compare, comparison.bound) == (operator.le, -1.5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "invalid syntax"),
        ("zscore", "cannot be understood"),
        ("zscore(", "was never closed"),
        ("zscor()", "unknown operation 'zscor'"),
        ("toarray()", "unknown operation 'toarray'"),
        ("map(print)", "unknown operation 'map'"),
        ("_then(1)", "unknown operation '_then'"),
        ("__class__()", "unknown operation '__class__'"),
        ("squelch(open('x'))", "malformed node"),
        ("filter(voxel_std > 4 > 3)", "compare one statistic"),
        ("filter(as_float > 4)", "compare one statistic"),
        ("filter(3 > voxel_std)", "compare one statistic"),
        ("['x']", "cannot select by 'x'"),
        ("zscore() + 1", "cannot be understood"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_evaluated(text: str, reason: str) -> None:
    with pytest.raises(SignalError, match="is no chain of operations") as caught:
        Chain(text).calls  # noqa: B018
    assert reason in str(caught.value)


def test_operations_that_do_not_fit_say_so() -> None:
    series = Series(VOLUMES[:, 0].T)
    with pytest.raises(SignalError, match="Series has no operation 'max_projection'"):
        Chain("max_projection()")(series)
    with pytest.raises(SignalError, match="unexpected keyword argument"):
        Chain("zscore(order=5)")(series)
    with pytest.raises(SignalError, match="follows an operation that ended the chain"):
        Chain("std().zscore()")(series)
