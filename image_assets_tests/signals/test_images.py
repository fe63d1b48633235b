"""Operations on images against the values of the reference (Thunder 1.x on the 20 zebrafish volumes)."""

import numpy as np
import pytest
from numpy.typing import NDArray

from image_assets.signals.local import Images
from image_assets_tests.signals.conftest import VOXELS, at_voxels

Bytes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def images(frames: Bytes) -> Images:
    return Images(frames)


@pytest.fixture(scope="module")
def doubles(frames: Bytes) -> Images:
    return Images(frames.astype(np.float64))


def test_the_recording_is_the_one_of_the_reference(frames: Bytes, long_frames: Bytes) -> None:
    assert (frames.shape, frames.dtype.name, int(frames.sum())) == ((20, 2, 76, 87), "uint8", 14_133_562)
    assert (int(frames.min()), int(frames.max())) == (25, 185)
    assert int(long_frames.sum()) == 168_910_759
    np.testing.assert_array_equal(long_frames[:20], frames)


def test_statistics_across_time(images: Images, frames: Bytes) -> None:
    np.testing.assert_allclose(at_voxels(images.mean()), [98.25, 147.85, 35.9], rtol=1e-12)
    np.testing.assert_allclose(at_voxels(images.std()), [4.856696408, 20.809312819, 0.3], rtol=1e-9)
    np.testing.assert_allclose(images.var(), frames.var(axis=0), rtol=1e-12, atol=1e-13)
    assert at_voxels(images.max()).tolist() == [106, 185, 36]
    assert at_voxels(images.min()).tolist() == [91, 125, 35]
    assert [one.dtype.name for one in (images.max(), images.min(), images.sum())] == ["uint8", "uint8", "uint64"]
    np.testing.assert_array_equal(images.sum(), frames.sum(axis=0))
    assert images.std().sum() == pytest.approx(12650.904598, abs=5e-7)


def test_projections_along_z(images: Images, doubles: Images) -> None:
    largest, both = images.max_projection(axis=0).toarray(), images.max_min_projection(axis=0).toarray()
    assert largest.shape == both.shape == (20, 76, 87)
    assert largest.dtype == both.dtype == np.uint8
    assert [int(largest[0, y, x]) for _, y, x in VOXELS] == [121, 158, 36]
    assert [int(both[0, y, x]) for _, y, x in VOXELS] == [225, 21, 69]
    unwrapped = doubles.max_min_projection(axis=0).toarray()
    assert unwrapped[0, 33, 64] == 277.0
    assert int((unwrapped != both).sum()) == 138


def test_planes_and_subsamples(images: Images, frames: Bytes) -> None:
    np.testing.assert_array_equal(images[:, 1].toarray(), frames[:, 1])
    np.testing.assert_array_equal(images[0, 0].toarray(), frames[0, 0])
    assert images.subsample(2).rows().values.shape == (20, 1, 38, 44)
    assert images.subsample([1, 5, 5]).toarray().shape == (20, 2, 16, 18)


@pytest.mark.parametrize(("size", "expected"), [(3, [104, 138, 34]), ([1, 3, 3], [102, 140, 36]), (2, [110, 136, 32])])
def test_the_median_filter(images: Images, size: int | list[int], expected: list[int]) -> None:
    result = images[0].median_filter(size).toarray()
    assert result.dtype == np.uint8
    assert at_voxels(result).tolist() == expected


def test_the_gaussian_filter(images: Images, doubles: Images) -> None:
    assert at_voxels(images[0].gaussian_filter(2).toarray()).tolist() == [104, 120, 35]
    expected = [105.776690739, 121.605508941, 36.619195557]
    np.testing.assert_allclose(at_voxels(doubles[0].gaussian_filter(2).toarray()), expected, rtol=1e-9)
    in_plane = at_voxels(doubles[0].gaussian_filter([0, 2, 2]).toarray())
    np.testing.assert_allclose(in_plane, [97.708847626, 127.538704291, 38.361835152], rtol=1e-9)


def test_the_uniform_filter(images: Images, doubles: Images) -> None:
    assert at_voxels(images[0].uniform_filter(3).toarray()).tolist() == [107, 134, 35]
    expected = [108.037037037, 135.111111111, 35.703703704]
    np.testing.assert_allclose(at_voxels(doubles[0].uniform_filter(3).toarray()), expected, rtol=1e-9)


def test_the_local_correlation(images: Images, doubles: Images) -> None:
    truncated = images.localcorr(2)
    np.testing.assert_allclose(at_voxels(truncated), [0.992633184, 0.97895522, np.nan], rtol=1e-9)
    assert int(np.isnan(truncated).sum()) == 6155
    assert np.nansum(truncated) == pytest.approx(5700.600819, abs=5e-7)
    exact = doubles.localcorr(2)
    np.testing.assert_allclose(at_voxels(exact), [0.994134505, 0.977689359, 0.455808853], rtol=1e-8)
    assert int(np.isnan(exact).sum()) == 5609


def test_the_definition_of_an_operation_is_its_docstring() -> None:
    assert "upper median" in (Images.median_filter.__doc__ or "")
    assert "wraps around" in (Images.subtract.__doc__ or "")
