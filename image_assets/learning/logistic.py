"""Multinomial logistic regression with an L2 penalty, fitted by L-BFGS on the driver.

Here belongs the loss of a block of rows, which tasks compute, and the optimizer, which only sees its sum: one pass over
the training rows for each evaluation, with float64 [c, d + 1] going out and coming back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.learning.class_moments import ClassMoments, ClassSpread
from image_assets.learning.classifier import ClassWeight, LinearClassifier, check_classes
from image_assets.learning.moments import Float32Array, Float64Array, IntArray

DEFAULT_C = 1.0
MOST_VARIANCE = 256.0
"""Of all scaled features together: that of the default number of components, each with variance 1 in the mean."""


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
    moments: ClassMoments | ClassSpread,
    classes: Sequence[str],
    *,
    c: float = DEFAULT_C,
    class_weight: ClassWeight = "balanced",
    tolerance: float = 1e-4,
    max_iterations: int = 500,
    progress: Progress | None = None,
) -> LinearClassifier:
    """Minimize c * loss + |W|^2 / 2 (scikit-learn's convention) over features centred and scaled by one common factor.

    The factor brings the features' variances to 1 in the mean, so that `c` means the same whatever the backbone, but
    their sum to `MOST_VARIANCE` at most: else the penalty on 9,468 features would be a 37th of that on 256, too little
    to matter. One factor for all keeps the order of importance that the projection found. Centre and factor are folded
    into the weights: `objective` and the classifier take the features as they are. Intercepts are not penalized.

    Args:
        objective: Given parameters float64 [c, d + 1] and class weights float64 [c], the sum of `logistic_loss` over
            all training rows. Add the blocks up in a fixed order: then the fit is reproducible bit by bit.
        moments: Moments of the training rows by class, or their spread alone.
        classes: Names of the classes, sorted.
        c: Inverse strength of the penalty.
        class_weight: "balanced" gives every class the same influence, "none" every picture.
        tolerance: Largest component of the gradient, per row, at which the fit has converged. In the coordinates of the
            optimizer a component g promises a loss lower by about g^2 / 2.
        max_iterations: Iterations after which the fit stops; `details["converged"]` is then false.
        progress: Called after each evaluation with its number, the penalized loss per row and the largest component of
            the gradient.

    Raises:
        SettingsError: The classes or `c` cannot be used, or all features are constant.
    """
    from scipy.optimize import minimize

    check_classes(classes, moments)
    n, mean, squares = (moments.spread() if isinstance(moments, ClassMoments) else moments).overall()
    if c <= 0 or not np.any(squares):
        raise SettingsError(f"A logistic regression takes c > 0 and features that vary, found c={c}.")
    coordinates = _Coordinates.of(n, mean, squares, len(classes), c)
    weights_of_classes = class_weights(moments.counts, class_weight)
    evaluations = 0

    def penalized(flat: Float64Array) -> tuple[float, Float64Array]:
        nonlocal evaluations
        scaled = coordinates.scaled(flat)
        result = objective(coordinates.unfolded(scaled), weights_of_classes)
        gradient = coordinates.folded(result.gradient)
        gradient[:, :-1] += scaled[:, :-1] / c
        gradient *= coordinates.steps / n
        loss = (result.loss + 0.5 / c * float(np.sum(scaled[:, :-1] ** 2))) / n
        evaluations += 1
        if progress is not None:
            progress(evaluations, loss, float(np.abs(gradient).max()))
        return loss, gradient.ravel()

    optimum = minimize(
        penalized,
        np.zeros(len(classes) * len(coordinates.steps)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iterations, "gtol": tolerance, "ftol": 64 * np.finfo(np.float64).eps},
    )
    parameters = coordinates.unfolded(coordinates.scaled(optimum.x))
    return LinearClassifier(
        classes=tuple(classes),
        weights=parameters[:, :-1],
        intercepts=parameters[:, -1] - parameters[:, -1].mean(),
        centroids=moments.means,
        details={
            "kind": "logistic_regression",
            "c": c,
            "class_weight": class_weight,
            "feature_scale": coordinates.scale,
            "n_samples": n,
            "iterations": int(optimum.nit),
            "evaluations": evaluations,
            "converged": bool(optimum.success),
            "loss": float(optimum.fun),
        },
    )


@dataclass(frozen=True, eq=False)
class _Coordinates:
    """The coordinates of the optimizer, in which the curvature at the start is 1 in all directions.

    The penalized loss is the same function as before; L-BFGS needs a third of the passes for it, because the variances
    of principal components differ by a factor of a thousand.

    Attributes:
        mean: float64 [d], mean of the features.
        scale: What the features are divided by: their variances then add up to d, or `MOST_VARIANCE` if that is less.
        steps: float64 [d + 1], change of a scaled weight, or intercept, for one unit of the optimizer.
    """

    mean: Float64Array
    scale: float
    steps: Float64Array

    @classmethod
    def of(cls, n: int, mean: Float64Array, squares: Float64Array, n_classes: int, c: float) -> "_Coordinates":
        scale = float(np.sqrt(squares.sum() / (n - 1) / min(len(mean), MOST_VARIANCE)))
        variances = np.append(squares / (n * scale**2), 1.0)
        penalty = np.append(np.full(len(mean), 1 / (c * n)), 0.0)
        return cls(mean, scale, 1 / np.sqrt(variances / n_classes + penalty))

    def scaled(self, flat: Float64Array) -> Float64Array:
        """Return the weights and intercepts of the scaled features, [c, d + 1]."""
        return flat.reshape(-1, len(self.steps)) * self.steps

    def unfolded(self, scaled: Float64Array) -> Float64Array:
        """Return the same weights and intercepts for the features as they are, [c, d + 1]."""
        weights = scaled[:, :-1] / self.scale
        return np.column_stack([weights, scaled[:, -1] - weights @ self.mean])

    def folded(self, gradient: Float64Array) -> Float64Array:
        """Return the derivative by `scaled` of a loss whose derivative by `unfolded` is given, [c, d + 1]."""
        slopes = gradient[:, -1]
        return np.column_stack([(gradient[:, :-1] - np.outer(slopes, self.mean)) / self.scale, slopes])
