"""K-means on series: a seeded fit, Lloyd's algorithm over mergeable sums, and assignment to the nearest centre.

One iteration of Lloyd's algorithm is a reduction (`LloydStep`), so the same loop runs on an array in a notebook and
on blocks elsewhere. Distances are Euclidean. Labels are arbitrary numbers: compare clusterings by their centres or by
the adjusted Rand index.

Sources: S. Lloyd, "Least squares quantization in PCM", 1982; D. Arthur and S. Vassilvitskii, "k-means++: the
advantages of careful seeding", 2007.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from image_assets.signals.arrays import Block, Floats, Integers, as_float, check_series
from image_assets.signals.errors import SignalError
from image_assets.signals.reductions import Partial

MAX_ITERATIONS = 300
# A centre that moves less than this, relative to the size of the centres, moved by rounding: the sums of the same
# members may be added in another order from one iteration to the next.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Clustering:
    """A fitted k-means.

    Attributes:
        centres: float64 [k, t].
        sizes: int64 [k], number of series nearest to each centre.
        inertia: Sum of the squared distances of the series to their nearest centre.
        n_iterations: Updates of the centres until none moved.
        converged: Whether the centres came to rest within the iterations allowed.
    """

    centres: Floats
    sizes: Integers
    inertia: float
    n_iterations: int
    converged: bool


class LloydState(NamedTuple):
    """What one pass over the series says about given centres: sizes [k], means of the members [k, t], inertia."""

    sizes: Integers
    means: Floats
    inertia: float


@dataclass(frozen=True)
class LloydStep:
    """Assign series to the nearest centre and average each cluster; an empty cluster keeps its centre.

    Series with a value that is not finite belong to no cluster and are left out.

    Attributes:
        centres: float64 [k, t].
    """

    centres: Floats

    def partial(self, values: Block) -> Partial:
        """Return sizes [k], sums of the differences from the own centre [k, t] and inertia of one block."""
        labels = nearest_centre(values, self.centres)
        inside = labels >= 0
        members, own = as_float(values[inside]), labels[inside]
        differences = members - self.centres[own]
        inertia = np.einsum("ij,ij->", differences, differences)
        membership = np.equal.outer(np.arange(len(self.centres)), own).astype(np.float64)
        return np.bincount(own, minlength=len(self.centres)), membership @ differences, np.asarray(inertia)

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Add up two partial results."""
        return tuple(one + other for one, other in zip(left, right, strict=True))

    def finish(self, partial: Partial) -> LloydState:
        """Return the sizes, the new centres and the inertia of the old ones."""
        sizes, differences, inertia = partial
        means = self.centres + differences / np.maximum(sizes, 1)[:, np.newaxis]
        return LloydState(np.asarray(sizes, dtype=np.int64), as_float(means), float(inertia))


def nearest_centre(series: Block, centres: Floats) -> Integers:
    """Return the number of the nearest centre of each series, int64 [n]; -1 where a value is not finite.

    Args:
        series: Block [n, t].
        centres: [k, t].

    Raises:
        SignalError: If series and centres differ in length.
    """
    check_series(series)
    if series.shape[1] != centres.shape[1]:
        raise SignalError(f"series of {series.shape[1]} time points do not fit centres of {centres.shape[1]}")
    values = as_float(series)
    # |x - c|^2 = |x|^2 - 2 x.c + |c|^2, where |x|^2 is the same for every centre.
    scores = np.einsum("ij,ij->i", centres, centres) - 2 * (values @ centres.T)
    labels = np.asarray(scores.argmin(axis=1), dtype=np.int64)
    labels[~np.isfinite(values).all(axis=1)] = -1
    return labels


def lloyd(
    reduce: Callable[[LloydStep], LloydState], centres: Floats, max_iterations: int = MAX_ITERATIONS
) -> Clustering:
    """Run Lloyd's algorithm from given centres until they rest.

    Args:
        reduce: Runs one step over all series: `Series.reduce`, or the like of another engine.
        centres: Where to start, [k, t].
        max_iterations: Largest number of updates.

    Returns:
        The clustering; its sizes and inertia belong to its centres.
    """
    current = as_float(centres)
    state = reduce(LloydStep(current))
    for iteration in range(1, max_iterations + 1):
        moved = float(np.abs(state.means - current).max())
        if moved <= _ROUNDING * float(np.abs(current).max()):
            return Clustering(current, state.sizes, state.inertia, iteration, converged=True)
        current = state.means
        state = reduce(LloydStep(current))
    return Clustering(current, state.sizes, state.inertia, max_iterations, converged=False)


def fit(series: Block, k: int, *, seed: int, n_init: int = 10, max_iterations: int = MAX_ITERATIONS) -> Clustering:
    """Fit k-means to series in this process: scikit-learn's, the best of several starts from k-means++ centres.

    For more series than one process holds, fit a sample and continue from its centres with `lloyd`.

    Args:
        series: Block [n, t]; series with a value that is not finite are left out.
        k: Number of clusters.
        seed: Seed of the starts; the same seed gives the same clustering.
        n_init: Number of starts.
        max_iterations: Largest number of updates per start.

    Returns:
        The clustering with the smallest inertia.

    Raises:
        SignalError: If there are fewer usable series than clusters, or k or n_init is below 1.
    """
    from sklearn.cluster import KMeans

    check_series(series)
    usable = as_float(series)
    usable = usable[np.isfinite(usable).all(axis=1)]
    if not 1 <= k <= len(usable) or n_init < 1:
        raise SignalError(
            f"k is {k}, n_init {n_init}: choose k from 1 to {len(usable)}, the number of series without a missing "
            "value, and at least one start"
        )
    model = KMeans(n_clusters=k, n_init=n_init, random_state=seed, max_iter=max_iterations).fit(usable)
    return Clustering(
        centres=as_float(model.cluster_centers_),
        sizes=np.bincount(model.labels_, minlength=k).astype(np.int64),
        inertia=float(model.inertia_),
        n_iterations=int(model.n_iter_),
        converged=model.n_iter_ < max_iterations,
    )
