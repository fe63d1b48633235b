import numpy as np
import pytest
from sklearn.covariance import OAS
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from image_assets.errors import SettingsError
from image_assets.learning.class_moments import ClassMoments
from image_assets.learning.discriminant import fit_discriminant, shrinkage_by_oas

RNG = np.random.default_rng(9)
CLASSES = ("a", "b", "c")
INDEX = RNG.choice(3, size=400, p=[0.6, 0.3, 0.1])
ROWS = (RNG.normal(size=(400, 12)) @ RNG.normal(size=(12, 12)) + RNG.normal(size=(3, 12))[INDEX]).astype(np.float32)
MOMENTS = ClassMoments.of(ROWS[:150], INDEX[:150], 3) + ClassMoments.of(ROWS[150:], INDEX[150:], 3)


@pytest.mark.parametrize("shrinkage", [0.0, 0.1, 1.0])
def test_probabilities_are_scikit_learns(shrinkage: float) -> None:
    expected = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(ROWS.astype(np.float64), INDEX)
    fitted = fit_discriminant(MOMENTS, CLASSES, shrinkage=shrinkage)
    np.testing.assert_allclose(fitted.predict_probabilities(ROWS), expected.predict_proba(ROWS), atol=1e-6)


def test_balanced_classes_have_the_same_prior() -> None:
    fitted = fit_discriminant(MOMENTS, CLASSES, shrinkage=0.0, class_weight="balanced")
    weighted = fit_discriminant(MOMENTS, CLASSES, shrinkage=0.0)
    np.testing.assert_array_equal(fitted.weights, weighted.weights)
    shares = np.bincount(INDEX) / 400
    np.testing.assert_allclose(weighted.intercepts - fitted.intercepts, np.log(shares) - np.log(1 / 3))


def test_the_automatic_shrinkage_is_scikit_learns_oas_of_the_rows_around_their_class() -> None:
    centred = ROWS - MOMENTS.means[INDEX]
    expected = OAS(assume_centered=True).fit(centred).shrinkage_
    assert shrinkage_by_oas(MOMENTS.within / 400, 400) == pytest.approx(expected, rel=1e-8)
    assert fit_discriminant(MOMENTS, CLASSES).details["shrinkage"] == pytest.approx(expected, rel=1e-8)


def test_fewer_pictures_than_features_are_fitted_by_shrinking() -> None:
    moments = ClassMoments.of(ROWS[:8], np.array([0, 1, 0, 1, 0, 1, 0, 1]), 2)
    fitted = fit_discriminant(moments, ("a", "b"))
    assert fitted.details["shrinkage"] > 0
    np.testing.assert_array_equal(fitted.predict_probabilities(ROWS[:8]).argmax(axis=1), [0, 1, 0, 1, 0, 1, 0, 1])


def test_a_singular_covariance_without_shrinkage_is_refused_with_the_remedy() -> None:
    flat = np.hstack([ROWS[:, :2], np.zeros((400, 1), dtype=np.float32)])
    with pytest.raises(SettingsError, match="choose a shrinkage above 0"):
        fit_discriminant(ClassMoments.of(flat, INDEX, 3), CLASSES, shrinkage=0.0)


def test_a_shrinkage_out_of_range_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"shrinkage=1\.5"):
        fit_discriminant(MOMENTS, CLASSES, shrinkage=1.5)


def test_the_centroids_are_the_mean_features_of_the_classes() -> None:
    np.testing.assert_array_equal(fit_discriminant(MOMENTS, CLASSES).centroids, MOMENTS.means)
