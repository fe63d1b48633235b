import json

import numpy as np
import pytest
from sklearn import random_projection

from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.learning.projections import projection_from_arrays
from image_assets.learning.random_projection import (
    SparseRandomProjection,
    draw_sparse_random_projection,
    johnson_lindenstrauss_components,
)

ROWS = np.maximum(np.random.default_rng(5).normal(size=(37, 2000)), 0).astype(np.float32)


@pytest.mark.parametrize("seed", [0, 42])
def test_values_are_scikit_learns_for_the_same_seed(seed: int) -> None:
    expected = random_projection.SparseRandomProjection(n_components=150, random_state=seed).fit_transform(ROWS)
    projection = draw_sparse_random_projection(2000, n_components=150, seed=seed)
    np.testing.assert_allclose(projection.transform(ROWS), expected, rtol=1e-6, atol=1e-5)
    assert projection.density == pytest.approx(1 / np.sqrt(2000))


def test_a_given_density_is_scikit_learns() -> None:
    expected = random_projection.SparseRandomProjection(n_components=9, density=0.5, random_state=1).fit_transform(ROWS)
    projection = draw_sparse_random_projection(2000, n_components=9, density=0.5, seed=1)
    np.testing.assert_allclose(projection.transform(ROWS), expected, rtol=1e-6, atol=1e-5)


def test_the_bound_of_the_walk_through_is_9468_components() -> None:
    assert johnson_lindenstrauss_components(62_720, 0.1) == 9468


def test_the_bound_for_the_real_photographs_is_7904_components() -> None:
    assert johnson_lindenstrauss_components(10_120, 0.1) == 7904


def test_flattened_features_are_projected_with_the_bound_as_in_scikit_learn() -> None:
    projection = draw_sparse_random_projection(62_720, n_samples=10, eps=0.3)
    rows = np.random.default_rng(6).random((20, 62_720), dtype=np.float32)
    expected = random_projection.SparseRandomProjection(n_components=255, random_state=42).fit_transform(rows)
    assert projection.n_components == 255
    np.testing.assert_array_equal(projection.transform(rows), expected)


def test_it_says_what_the_number_of_components_was_derived_from() -> None:
    bounded = draw_sparse_random_projection(2000, n_samples=100, eps=0.5).metadata()
    assert (bounded["n_components"], bounded["eps"], bounded["n_samples"]) == (221, 0.5, 100)
    given = draw_sparse_random_projection(2000, n_components=30, n_samples=100).metadata()
    assert (given["n_components"], given["eps"], given["n_samples"]) == (30, None, None)


def test_a_bound_above_the_number_of_features_is_refused_with_its_origin() -> None:
    with pytest.raises(SettingsError, match=r"7,904 components \(the bound for 10,120 samples and eps=0.1\).*1,280"):
        draw_sparse_random_projection(1280, n_samples=10_120)


def test_neither_components_nor_samples_is_refused() -> None:
    with pytest.raises(SettingsError, match="n_components, or n_samples"):
        draw_sparse_random_projection(1280)


@pytest.mark.parametrize(("n_samples", "eps"), [(1, 0.1), (100, 0.0), (100, 1.0)])
def test_a_bound_that_is_not_defined_is_refused(n_samples: int, eps: float) -> None:
    with pytest.raises(SettingsError, match=f"{n_samples} samples and eps={eps}"):
        johnson_lindenstrauss_components(n_samples, eps)


def test_features_of_another_width_are_refused() -> None:
    with pytest.raises(IncompatibleArtifactError, match=r"2,000.*\(37, 1999\)"):
        draw_sparse_random_projection(2000, n_components=10).transform(ROWS[:, 1:])


def test_a_stored_projection_comes_back_the_same() -> None:
    projection = draw_sparse_random_projection(2000, n_samples=100, eps=0.5)
    back = projection_from_arrays(projection.to_arrays(), json.loads(json.dumps(projection.metadata())))
    assert isinstance(back, SparseRandomProjection)
    assert back.metadata() == projection.metadata()
    np.testing.assert_array_equal(back.transform(ROWS), projection.transform(ROWS))


def test_no_rows_give_no_rows() -> None:
    assert draw_sparse_random_projection(2000, n_components=10).transform(ROWS[:0]).shape == (0, 10)
