"""Linear discriminant analysis in closed form, solved from class moments.

Here belongs everything particular to the discriminant: the shared covariance, its shrinkage and the priors.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from image_assets.errors import SettingsError
from image_assets.learning.class_moments import ClassMoments
from image_assets.learning.classifier import ClassWeight, LinearClassifier, check_classes
from image_assets.learning.moments import Float64Array


def shrinkage_by_oas(covariance: Float64Array, n_samples: int) -> float:
    """Return the shrinkage towards a multiple of the identity that the covariance itself suggests.

    Oracle approximating shrinkage (Y. Chen, A. Wiesel, Y. C. Eldar and A. O. Hero, "Shrinkage algorithms for MMSE
    covariance estimation", IEEE Trans. Signal Processing 58, 2010), in scikit-learn's form; unlike Ledoit and Wolf's it
    needs no fourth moments, hence no second pass over the rows.

    Args:
        covariance: float64 [d, d], with the number of samples in the denominator.
        n_samples: Number of rows that it was estimated from.
    """
    d = len(covariance)
    mean_square = float(np.mean(covariance**2))
    square_mean = float(np.trace(covariance) / d) ** 2
    denominator = (n_samples + 1.0) * (mean_square - square_mean / d)
    return 1.0 if denominator == 0 else min((mean_square + square_mean) / denominator, 1.0)


def fit_discriminant(
    moments: ClassMoments,
    classes: Sequence[str],
    *,
    shrinkage: float | Literal["oas"] = "oas",
    class_weight: ClassWeight = "none",
) -> LinearClassifier:
    """Solve Gaussian classes of one shared covariance (R. A. Fisher, 1936; Hastie et al., "Elements", section 4.3).

    Args:
        moments: Moments of the training rows by class.
        classes: Names of the classes, sorted.
        shrinkage: s in (1 - s) covariance + s trace(covariance) / d identity, in [0, 1], or "oas".
        class_weight: "none" takes the shares of the classes as their priors, "balanced" gives all the same prior.

    Raises:
        SettingsError: The classes or the shrinkage cannot be used, or the covariance is singular and nothing is shrunk.
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    check_classes(classes, moments)
    n_samples = int(moments.counts.sum())
    covariance = moments.within / n_samples
    amount = shrinkage_by_oas(covariance, n_samples) if shrinkage == "oas" else shrinkage
    if not 0 <= amount <= 1:
        raise SettingsError(f"shrinkage={shrinkage}: choose a number from 0 to 1, or oas.")
    shrunk = (1 - amount) * covariance
    shrunk[np.diag_indices_from(shrunk)] += amount * np.trace(covariance) / len(covariance)
    try:
        weights = cho_solve(cho_factor(shrunk, lower=True), moments.means.T).T
    except LinAlgError as error:
        raise SettingsError(
            f"The covariance of {moments.n_features} features of {n_samples} rows is singular: choose a shrinkage "
            f"above 0 (found {amount}), fewer components, or more training pictures."
        ) from error
    priors = moments.counts / n_samples if class_weight == "none" else np.full(len(classes), 1 / len(classes))
    return LinearClassifier(
        classes=tuple(classes),
        weights=weights,
        intercepts=np.log(priors) - 0.5 * np.einsum("cd,cd->c", weights, moments.means),
        centroids=moments.means,
        details={
            "kind": "linear_discriminant",
            "shrinkage": float(amount),
            "class_weight": class_weight,
            "n_samples": n_samples,
        },
    )
