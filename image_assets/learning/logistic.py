"""Multinomial logistic regression with an L2 penalty, fitted by L-BFGS on the driver.

Here belongs the loss of a block of rows, which tasks compute, and the optimizer, which only sees its sum: one pass over
the training rows for each evaluation, with float64 [c, d + 1] going out and coming back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.learning.class_moments import ClassMoments
from image_assets.learning.classifier import ClassWeight, LinearClassifier, check_classes
from image_assets.learning.moments import Float32Array, Float64Array, IntArray

DEFAULT_C = 1.0


@dataclass(frozen=True, eq=False)
class LogisticLoss:
    """Weighted cross-entropy of a set of rows and its gradient; two sets are merged by `+`.

    Attributes:
        loss: Sum over the rows of weight * -log p(class), natural logarithm.
        gradient: float64 [c, d + 1], its derivative by weights and, in the last column, intercepts.
    """

    loss: float
    gradient: Float64Array

    def __add__(self, other: "LogisticLoss") -> "LogisticLoss":
        """Merge the losses of two sets of rows; neither is changed."""
        return LogisticLoss(self.loss + other.loss, self.gradient + other.gradient)


Objective = Callable[[Float64Array, Float64Array], LogisticLoss]
Progress = Callable[[int, float, float], None]


def logistic_loss(
    parameters: Float64Array, class_weights: Float64Array, features: Float32Array, class_index: IntArray
) -> LogisticLoss:
    """Return the loss of one block of rows (C. M. Bishop, "Pattern Recognition and Machine Learning", 4.3.4).

    All in float64: in float32 the noise of the loss would stop the line search early where features have large means.

    Args:
        parameters: float64 [c, d + 1], weights and, in the last column, intercepts.
        class_weights: float64 [c], weight of the rows of each class.
        features: float32 [n, d].
        class_index: int [n], class of each row.

    Raises:
        IncompatibleArtifactError: The features have another width than the parameters.
    """
    n, d = features.shape
    if parameters.shape[1] != d + 1:
        raise IncompatibleArtifactError(
            f"Parameters for {parameters.shape[1] - 1} features were given to rows of {d}: fit on one projection."
        )
    own = np.arange(n), class_index
    row_weights = class_weights[class_index]
    values = features.astype(np.float64)
    logits = values @ parameters[:, :-1].T + parameters[:, -1]
    logits -= logits.max(axis=1, keepdims=True)
    own_logits = logits[own]
    odds = np.exp(logits, out=logits)
    norms = odds.sum(axis=1)
    odds *= (row_weights / norms)[:, None]
    odds[own] -= row_weights
    gradient = np.column_stack([odds.T @ values, odds.sum(axis=0)])
    return LogisticLoss(float(row_weights @ (np.log(norms) - own_logits)), gradient)


def class_weights(counts: IntArray, class_weight: ClassWeight) -> Float64Array:
    """Return the weight of the rows of each class, float64 [c]: 1, or n / (c * count) to weigh all classes alike."""
    if class_weight == "none":
        return np.ones(len(counts))
    return np.asarray(counts.sum() / (len(counts) * counts.astype(np.float64)))


def fit_logistic(
    objective: Objective,
    moments: ClassMoments,
    classes: Sequence[str],
    *,
    c: float = DEFAULT_C,
    class_weight: ClassWeight = "balanced",
    tolerance: float = 1e-5,
    max_iterations: int = 500,
    progress: Progress | None = None,
) -> LinearClassifier:
    """Minimize c * loss + |W|^2 / 2 (scikit-learn's convention) over features centred and scaled by one common factor.

    The factor is the root mean square of the features' standard deviations, so that `c` means the same whatever the
    backbone; one factor for all keeps the order of importance that the projection found. Centre and factor are folded
    into the weights: `objective` and the classifier take the features as they are. Intercepts are not penalized.

    Args:
        objective: Given parameters float64 [c, d + 1] and class weights float64 [c], the sum of `logistic_loss` over
            all training rows. Add the blocks up in a fixed order: then the fit is reproducible bit by bit.
        moments: Moments of the training rows by class.
        classes: Names of the classes, sorted.
        c: Inverse strength of the penalty.
        class_weight: "balanced" gives every class the same influence, "none" every picture.
        tolerance: Largest component of the gradient, per row, at which the fit has converged.
        max_iterations: Iterations after which the fit stops; `details["converged"]` is then false.
        progress: Called after each evaluation with its number, the penalized loss per row and the largest component of
            the gradient.

    Raises:
        SettingsError: The classes or `c` cannot be used, or all features are constant.
    """
    from scipy.optimize import minimize

    check_classes(classes, moments)
    total = moments.total()
    n, d = total.count, total.n_features
    scale = float(np.sqrt(total.total_variance / d))
    if c <= 0 or scale == 0:
        raise SettingsError(
            f"A logistic regression takes c > 0 and features that vary, found c={c}, deviation {scale}."
        )
    weights_of_classes = class_weights(moments.counts, class_weight)
    evaluations = 0

    def unfolded(flat: Float64Array) -> Float64Array:
        scaled = flat.reshape(len(classes), d + 1)
        weights = scaled[:, :-1] / scale
        return np.column_stack([weights, scaled[:, -1] - weights @ total.mean])

    def penalized(flat: Float64Array) -> tuple[float, Float64Array]:
        nonlocal evaluations
        result = objective(unfolded(flat), weights_of_classes)
        gradient = result.gradient.copy()
        gradient[:, :-1] = (gradient[:, :-1] - np.outer(gradient[:, -1], total.mean)) / scale
        weights = flat.reshape(gradient.shape)[:, :-1]
        gradient[:, :-1] += weights / c
        loss = (result.loss + 0.5 / c * float(np.sum(weights**2))) / n
        gradient /= n
        evaluations += 1
        if progress is not None:
            progress(evaluations, loss, float(np.abs(gradient).max()))
        return loss, gradient.ravel()

    optimum = minimize(
        penalized,
        np.zeros(len(classes) * (d + 1)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iterations, "gtol": tolerance, "ftol": 64 * np.finfo(np.float64).eps},
    )
    parameters = unfolded(optimum.x)
    return LinearClassifier(
        classes=tuple(classes),
        weights=parameters[:, :-1],
        intercepts=parameters[:, -1] - parameters[:, -1].mean(),
        centroids=moments.means,
        details={
            "kind": "logistic_regression",
            "c": c,
            "class_weight": class_weight,
            "feature_scale": scale,
            "n_samples": n,
            "iterations": int(optimum.nit),
            "evaluations": evaluations,
            "converged": bool(optimum.success),
            "loss": float(optimum.fun),
        },
    )
