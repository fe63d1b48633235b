import numpy as np

from image_assets.signals.filters import uniform_filter
from image_assets.signals.local_correlation import LocalCorrelation
from image_assets.signals.reductions import reduce_blocks


def test_each_voxel_is_correlated_with_its_truncated_neighbourhood_mean() -> None:
    volumes = np.random.default_rng(6).integers(0, 200, size=(15, 2, 4, 5)).astype(np.uint8)
    volumes[:, 1, 2, 3] = 7
    blurred = uniform_filter(volumes, 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.array(
            [np.corrcoef(volumes[:, z, y, x], blurred[:, z, y, x])[0, 1] for z, y, x in np.ndindex(volumes.shape[1:])]
        ).reshape(volumes.shape[1:])
    for parts in ([volumes], [volumes[:1], volumes[1:2], volumes[2:9], volumes[9:]]):
        np.testing.assert_allclose(reduce_blocks(LocalCorrelation(3), parts), expected, rtol=1e-10)
    assert np.isnan(expected).sum() == 1


def test_a_neighbourhood_that_is_the_voxel_itself_correlates_perfectly() -> None:
    volumes = np.random.default_rng(7).normal(size=(9, 1, 2, 2))
    np.testing.assert_allclose(reduce_blocks(LocalCorrelation(1), [volumes]), 1.0, rtol=1e-14)
