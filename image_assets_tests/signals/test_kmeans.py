import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from image_assets.signals import kmeans
from image_assets.signals.errors import SignalError
from image_assets.signals.local import Images, Series
from image_assets.signals.reductions import finish_partials, pack, unpack
from image_assets.signals.voxelwise import voxel_std

Bytes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def active(long_frames: Bytes) -> Series:
    """The z-scored series of the 1205 voxels with a deviation above 6, in C order."""
    return Images(long_frames).toseries().filter(lambda block: voxel_std(block) > 6).zscore().compute()


def given_rows(series: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    rows: NDArray[np.float64] = series[np.linspace(0, len(series) - 1, k).astype(int)]
    return rows


def test_the_input_is_the_one_of_the_reference(active: Series) -> None:
    values = active.rows().values
    assert values.shape == (1205, 240)
    assert (values**2).sum() == pytest.approx(289_200, rel=1e-12)


@pytest.mark.parametrize(("k", "n_iterations", "inertia"), [(6, 20, 39_786.781330763), (12, 26, 28_937.890133154)])
def test_lloyd_from_given_rows_matches_the_reference(active: Series, k: int, n_iterations: int, inertia: float) -> None:
    fitted = kmeans.lloyd(active.reduce, given_rows(active.rows().values, k))
    assert fitted.converged
    assert fitted.n_iterations == n_iterations
    assert fitted.inertia == pytest.approx(inertia, rel=1e-12)
    assert int(fitted.sizes.sum()) == 1205


def test_lloyd_in_parts_moved_as_bytes_is_lloyd_in_one(active: Series) -> None:
    values = active.rows().values
    parts = np.array_split(values, [1, 200, 777])

    def distributed(step: kmeans.LloydStep) -> kmeans.LloydState:
        return finish_partials(step, [unpack(pack(step.partial(part))) for part in reversed(parts)])

    start = given_rows(values, 6)
    apart, together = kmeans.lloyd(distributed, start), kmeans.lloyd(active.reduce, start)
    assert apart.n_iterations == together.n_iterations == 20
    np.testing.assert_allclose(apart.centres, together.centres, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(
        kmeans.nearest_centre(values, apart.centres), kmeans.nearest_centre(values, together.centres)
    )


def test_six_clusters_are_those_of_the_reference(active: Series) -> None:
    values = active.rows().values
    fitted = kmeans.fit(values, 6, seed=0, n_init=10)
    assert fitted.inertia == pytest.approx(38_624.848, rel=0.01)
    others = [kmeans.fit(values, 6, seed=seed, n_init=10) for seed in (1, 2)]
    labels = kmeans.nearest_centre(values, fitted.centres)
    for other in others:
        assert adjusted_rand_score(labels, kmeans.nearest_centre(values, other.centres)) >= 0.9
    assert fitted.sizes.tolist() == np.bincount(labels).tolist()
    np.testing.assert_allclose(sorted(fitted.sizes), sorted([270, 186, 151, 153, 215, 230]), atol=25)


def test_twelve_clusters_reach_the_inertia_of_the_reference(active: Series) -> None:
    assert kmeans.fit(active.rows().values, 12, seed=0).inertia == pytest.approx(28_699.366, rel=0.01)


def test_the_variant_of_the_old_tutorial(long_frames: Bytes) -> None:
    chosen = Images(long_frames).toseries().normalize().filter(lambda block: voxel_std(block) > 0.05)
    fitted = kmeans.fit(chosen.rows().values, 10, seed=0)
    assert int(fitted.sizes.sum()) == 1926
    assert fitted.inertia == pytest.approx(679.696098, rel=0.01)


def blobs(seed: int = 0) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.normal(place, 0.1, size=(20, 3)) for place in (0.0, 5.0, 9.0)])


def test_the_same_seed_gives_the_same_clusters() -> None:
    first, second = (kmeans.fit(blobs(), 3, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.centres, second.centres)
    assert first.sizes.tolist() == [20, 20, 20]


def test_series_with_missing_values_belong_to_no_cluster() -> None:
    values = blobs()
    values[[3, 30]] = np.nan
    values[41, 1] = np.inf
    fitted = kmeans.fit(values, 3, seed=0)
    assert sorted(fitted.sizes) == [19, 19, 19]
    labels = kmeans.nearest_centre(values, fitted.centres)
    assert np.flatnonzero(labels == -1).tolist() == [3, 30, 41]
    stepped = kmeans.lloyd(Series(values).reduce, fitted.centres)
    assert sorted(stepped.sizes) == [19, 19, 19]
    assert np.isfinite(stepped.inertia)


def test_an_empty_cluster_keeps_its_centre() -> None:
    start = np.array([[0.0, 0, 0], [5.0, 5, 5], [500.0, 500, 500]])
    fitted = kmeans.lloyd(Series(blobs()).reduce, start)
    assert fitted.centres[2].tolist() == [500.0, 500.0, 500.0]
    assert fitted.sizes.tolist() == [20, 40, 0]


def test_running_out_of_iterations_is_told() -> None:
    fitted = kmeans.lloyd(Series(blobs()).reduce, np.array([[0.0, 0, 0], [0.1, 0, 0]]), max_iterations=1)
    assert not fitted.converged
    assert fitted.n_iterations == 1


def test_nearest_centres_are_nearest() -> None:
    generator = np.random.default_rng(1)
    series, centres = generator.normal(size=(50, 8)), generator.normal(size=(4, 8))
    distances = ((series[:, np.newaxis] - centres) ** 2).sum(axis=2)
    np.testing.assert_array_equal(kmeans.nearest_centre(series, centres), distances.argmin(axis=1))


@pytest.mark.parametrize(("k", "n_init"), [(0, 1), (61, 1), (3, 0)])
def test_numbers_that_do_not_fit_are_refused(k: int, n_init: int) -> None:
    with pytest.raises(SignalError, match="1 to 60"):
        kmeans.fit(blobs(), k, seed=0, n_init=n_init)


def test_centres_of_another_length_are_refused() -> None:
    with pytest.raises(SignalError, match="do not fit centres of 4"):
        kmeans.nearest_centre(blobs(), np.ones((2, 4)))
