import numpy as np
import pytest

from image_assets.signals import volumes
from image_assets.signals.errors import SignalError

BLOCK = np.arange(2 * 2 * 3 * 4, dtype=np.uint8).reshape(2, 2, 3, 4) * 5


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_axes_count_within_a_volume(axis: int) -> None:
    for number, volume in enumerate(BLOCK):
        np.testing.assert_array_equal(volumes.max_projection(BLOCK, axis)[number], volume.max(axis=axis))


def test_maximum_plus_minimum_wraps_in_bytes_and_not_in_floats() -> None:
    block = np.array([[[[150]], [[127]]]], dtype=np.uint8)
    assert volumes.max_min_projection(block).tolist() == [[[21]]]
    assert volumes.max_min_projection(block.astype(np.float64)).tolist() == [[[277.0]]]


def test_subsampling_takes_every_element_from_the_first_on() -> None:
    np.testing.assert_array_equal(volumes.subsample_volumes(BLOCK, 2), BLOCK[:, ::2, ::2, ::2])
    assert volumes.subsample_volumes(BLOCK, [1, 2, 3]).shape == (2, 2, 2, 2)


def test_subtracting_an_integer_wraps_and_a_floating_image_gives_doubles() -> None:
    block = np.array([[[3, 10]]], dtype=np.uint8)
    assert volumes.subtract(block, 5).tolist() == [[[254, 5]]]
    assert volumes.subtract(block, np.int64(5)).dtype == np.uint8
    image = np.array([[0.5, 1.0]])
    result = volumes.subtract(block, image)
    assert result.dtype == np.float64
    assert result.tolist() == [[[2.5, 9.0]]]


def test_a_crop_keeps_its_axes() -> None:
    np.testing.assert_array_equal(volumes.crop(BLOCK, (slice(1, 2),)), BLOCK[:, 1:2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: volumes.max_projection(BLOCK, 3), "axes 0 to 2"),
        (lambda: volumes.max_projection(BLOCK, -1), "axes 0 to 2"),
        (lambda: volumes.subsample_volumes(BLOCK, 0), "at least 1"),
        (lambda: volumes.subsample_volumes(BLOCK, [1, 2]), "one per axis"),
        (lambda: volumes.subtract(BLOCK, 300), "does not fit uint8"),
        (lambda: volumes.subtract(BLOCK, np.ones((3, 4))), "cannot subtract an image"),
        (lambda: volumes.crop(BLOCK, (slice(2, 3),)), "nothing of a volume"),
        (lambda: volumes.crop(BLOCK, (slice(None),) * 4), "does not fit volumes"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(call: object, message: str) -> None:
    with pytest.raises(SignalError, match=message):
        call()  # type: ignore[operator]
