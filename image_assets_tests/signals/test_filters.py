"""Filters against the definitions written out; the values of the zebrafish recording are in `test_images`."""

import numpy as np
import pytest

from image_assets.signals.filters import gaussian_filter, median_filter, uniform_filter

BLOCK = np.random.default_rng(4).integers(0, 255, size=(2, 2, 5, 6)).astype(np.uint8)


def mirrored(index: int, length: int) -> int:
    """Fold an index into 0 .. length - 1, the edge element repeated: d c b a | a b c d | d c b a."""
    folded = index % (2 * length)
    return folded if folded < length else 2 * length - 1 - folded


def windows(line: np.ndarray, size: int) -> np.ndarray:
    """Return the window of each element of a line, [elements, size]."""
    offsets = range(-(size // 2), size - size // 2)
    return np.array([[line[mirrored(i + offset, len(line))] for offset in offsets] for i in range(len(line))])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_the_moving_mean_is_truncated_after_each_axis(size: int) -> None:
    expected = BLOCK.copy()
    for axis in (1, 2, 3):
        means = np.apply_along_axis(lambda line: windows(line.astype(np.float64), size).mean(axis=1), axis, expected)
        expected = np.floor(means + 1e-9).astype(np.uint8)
    np.testing.assert_array_equal(uniform_filter(BLOCK, size), expected)


def test_the_moving_mean_of_floats_is_not_truncated() -> None:
    block = np.array([[[[0.0, 1.0, 2.0]]]])
    np.testing.assert_allclose(uniform_filter(block, [1, 1, 2]), [[[[0.0, 0.5, 1.5]]]], atol=1e-15)


@pytest.mark.parametrize("size", [2, 3, 4, [1, 3, 3], [2, 1, 4]])
def test_the_median_is_the_upper_one_of_the_mirrored_window(size: int | list[int]) -> None:
    sizes = [size] * 3 if isinstance(size, int) else size
    result = median_filter(BLOCK, size)
    rows = [[range(-(k // 2), k - k // 2) for k in sizes]] * 1
    for place in [(0, 0, 0), (1, 4, 5), (0, 2, 3), (1, 0, 5)]:
        indices = [
            [mirrored(i + o, n) for o in offsets] for i, offsets, n in zip(place, rows[0], BLOCK.shape[1:], strict=True)
        ]
        window = np.sort(BLOCK[1][np.ix_(*indices)].ravel())
        assert result[1][place] == window[len(window) // 2]


def test_a_zero_as_last_size_filters_slices_along_the_last_axis() -> None:
    for kernel in (median_filter, uniform_filter):
        result = kernel(BLOCK, [2, 3, 0])
        for x in range(BLOCK.shape[3]):
            alone = kernel(BLOCK[:, :, :, x], [2, 3])
            np.testing.assert_array_equal(result[:, :, :, x], alone)


def test_the_gaussian_kernel_reaches_four_deviations_and_sums_to_one() -> None:
    impulse = np.zeros((1, 1, 1, 41))
    impulse[..., 20] = 1.0
    result = gaussian_filter(impulse, [0, 0, 1.5])[0, 0, 0]
    offsets = np.arange(-6, 7)
    kernel = np.exp(-(offsets**2) / (2 * 1.5**2))
    np.testing.assert_allclose(result[14:27], kernel / kernel.sum(), rtol=1e-12)
    assert not result[:14].any()


def test_volumes_of_a_block_are_filtered_one_by_one() -> None:
    for kernel in (median_filter, uniform_filter, gaussian_filter):
        np.testing.assert_array_equal(kernel(BLOCK)[1], kernel(BLOCK[1:])[0])


def test_planes_without_a_z_axis_are_filtered_too() -> None:
    np.testing.assert_array_equal(median_filter(BLOCK[:, 0], 3), median_filter(BLOCK[:, :1], [1, 3, 3])[:, 0])
