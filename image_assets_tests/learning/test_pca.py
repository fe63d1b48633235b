import json

import numpy as np
import pytest
from sklearn import decomposition

from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.learning.moments import Float32Array, Moments
from image_assets.learning.pca import PCA, fit_pca
from image_assets.learning.projections import projection_from_arrays

RNG = np.random.default_rng(4)
# Like pooled features: not negative, many zeros, correlated, with a spectrum that falls.
ROWS = np.maximum(RNG.normal(size=(500, 40)) * np.linspace(3, 0.3, 40) @ RNG.normal(size=(40, 96)), 0).astype(
    np.float32
)
MOMENTS = Moments.of(ROWS[:200]) + Moments.of(ROWS[200:])


def test_components_are_scikit_learns_with_their_signs() -> None:
    expected = decomposition.PCA(32, svd_solver="full").fit(ROWS.astype(np.float64))
    fitted = fit_pca(MOMENTS, 32)
    np.testing.assert_allclose(fitted.components, expected.components_, atol=1e-5)
    np.testing.assert_allclose(fitted.explained_variance, expected.explained_variance_, rtol=1e-8)
    np.testing.assert_allclose(fitted.explained_variance_ratio, expected.explained_variance_ratio_, rtol=1e-8)
    scale = np.abs(ROWS).max()
    np.testing.assert_allclose(fitted.transform(ROWS) / scale, expected.transform(ROWS) / scale, atol=1e-5)


def test_whitened_features_are_scikit_learns_and_have_unit_variance() -> None:
    expected = decomposition.PCA(32, svd_solver="full", whiten=True).fit(ROWS.astype(np.float64))
    projected = fit_pca(MOMENTS, 32, whiten=True).transform(ROWS)
    np.testing.assert_allclose(projected, expected.transform(ROWS), atol=1e-4)
    np.testing.assert_allclose(projected.var(axis=0, ddof=1), 1, rtol=1e-4)


def test_the_largest_absolute_loading_of_each_component_is_positive() -> None:
    components = fit_pca(MOMENTS, 40).components
    assert (components[np.arange(40), np.abs(components).argmax(axis=1)] > 0).all()


def test_without_centring_raw_rows_are_multiplied_by_the_centred_components() -> None:
    centred, raw = fit_pca(MOMENTS, 4), fit_pca(MOMENTS, 4, centre=False)
    np.testing.assert_array_equal(raw.components, centred.components)
    np.testing.assert_allclose(raw.transform(ROWS), ROWS @ centred.components.T, rtol=1e-6)
    offset = raw.transform(ROWS) - centred.transform(ROWS)
    np.testing.assert_allclose(offset - centred.components @ centred.mean, 0, atol=1e-3)


@pytest.mark.parametrize("fraction", [0.5, 0.9, 0.99])
def test_a_fraction_of_variance_takes_the_fewest_components_that_reach_it(fraction: float) -> None:
    fitted = fit_pca(MOMENTS, fraction)
    expected = decomposition.PCA(fraction, svd_solver="full").fit(ROWS.astype(np.float64))
    assert fitted.n_components == expected.n_components_
    assert fitted.explained_variance_ratio.sum() >= fraction > fitted.explained_variance_ratio[:-1].sum()


def test_a_few_pictures_give_fewer_components_than_were_asked_for() -> None:
    few = fit_pca(Moments.of(ROWS[:10]), 32)
    assert (few.n_components, few.requested) == (9, 32)
    assert few.transform(ROWS[:3]).shape == (3, 9)
    assert few.explained_variance_ratio.sum() == pytest.approx(1)


def test_features_that_repeat_each_other_add_no_components() -> None:
    doubled = np.hstack([ROWS[:, :6], ROWS[:, :6]])
    assert fit_pca(Moments.of(doubled), 12).n_components == 6


def test_projected_features_are_contiguous_float32_whatever_the_settings() -> None:
    for fitted in (fit_pca(MOMENTS, 8), fit_pca(MOMENTS, 8, whiten=True), fit_pca(MOMENTS, 8, centre=False)):
        projected = fitted.transform(ROWS[:5])
        assert projected.dtype == np.float32
        assert projected.flags.c_contiguous
    assert fit_pca(MOMENTS, 8).transform(ROWS[:0]).shape == (0, 8)


@pytest.mark.parametrize("wrong", [0, 97, 0.0, 1.0, 1.5])
def test_a_number_of_components_out_of_range_is_refused(wrong: int | float) -> None:
    with pytest.raises(SettingsError, match=f"n_components={wrong}"):
        fit_pca(MOMENTS, wrong)


@pytest.mark.parametrize("rows", [ROWS[:0], ROWS[:1], np.ones((5, 96), dtype=np.float32)])
def test_rows_without_variance_are_refused(rows: Float32Array) -> None:
    with pytest.raises(SettingsError, match="without variance"):
        fit_pca(Moments.of(rows), 4)


def test_features_of_another_width_are_refused() -> None:
    with pytest.raises(IncompatibleArtifactError, match=r"96.*\(3, 95\)"):
        fit_pca(MOMENTS, 4).transform(ROWS[:3, :95])


@pytest.mark.parametrize("request_", [5, 0.8])
def test_a_stored_projection_comes_back_the_same(request_: int | float) -> None:
    fitted = fit_pca(MOMENTS, request_, centre=False, whiten=True)
    back = projection_from_arrays(fitted.to_arrays(), json.loads(json.dumps(fitted.metadata())))
    assert isinstance(back, PCA)
    assert back.metadata() == fitted.metadata()
    np.testing.assert_array_equal(back.transform(ROWS), fitted.transform(ROWS))
