"""The nearest neighbours of some rows among many, by blocks of matrix products.

Here belongs the search within one process; which blocks meet is the subject of the caller. The cost is one product of
every query with every candidate; the memory that of one block of distances.
"""

import numpy as np
import numpy.typing as npt

from image_assets.learning.moments import Float32Array, IntArray


def unit_rows(features: Float32Array) -> Float32Array:
    """Scale rows, float32 [n, d], to length 1; a row of zeros stays one, and is far from everything."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(lengths > 0, lengths, 1), dtype=np.float32)


class NearestRows:
    """For each query the k nearest of the candidates seen so far that are nearer than a threshold.

    The distance is the cosine distance, 1 minus the cosine of the angle: it does not depend on the scale of features.
    """

    def __init__(self, queries: Float32Array, threshold: float, k: int) -> None:
        """Start without candidates.

        Args:
            queries: float32 [n, d], of length 1.
            threshold: cosine distance that is too far, in ]0, 2].
            k: neighbours that are kept of each query.
        """
        self._queries, self._threshold, self._k = queries, threshold, k
        self._distances = np.full((len(queries), k), np.inf)
        self._numbers = np.full((len(queries), k), -1, dtype=np.int64)
        self._seen = 0

    def update(self, candidates: Float32Array, excluded: npt.NDArray[np.bool_] | None = None) -> None:
        """Look at a block of candidates, float32 [m, d], of length 1; `excluded` [n, m] marks pairs that do not count.

        Candidates are numbered in the order in which they are seen.
        """
        distances = 1 - self._queries @ candidates.T
        if excluded is not None:
            distances[excluded] = np.inf
        # A little more than the threshold: float32 products are off by 1e-6; the distances of hits are computed anew.
        rows = np.flatnonzero((distances < self._threshold + 1e-5).any(axis=1))
        if len(rows):
            kept = min(self._k, len(candidates))
            near = np.argpartition(distances[rows], kept - 1, axis=1)[:, :kept]
            exact = self._exact_distances(rows, near, candidates)
            exact[np.isinf(np.take_along_axis(distances[rows], near, axis=1))] = np.inf
            self._merge(rows, near + self._seen, exact)
        self._seen += len(candidates)

    def _exact_distances(self, rows: IntArray, near: IntArray, candidates: Float32Array) -> npt.NDArray[np.float64]:
        """Half the squared distance of points on the unit sphere, which has no cancellation, [r, k]."""
        exact = np.empty(near.shape)
        for place in range(near.shape[1]):
            apart = self._queries[rows].astype(np.float64) - candidates[near[:, place]]
            exact[:, place] = 0.5 * np.einsum("ij,ij->i", apart, apart)
        return exact

    def _merge(self, rows: IntArray, numbers: IntArray, distances: npt.NDArray[np.float64]) -> None:
        distances = np.where(distances < self._threshold, distances, np.inf)
        both = np.concatenate([self._distances[rows], distances], axis=1)
        which = np.concatenate([self._numbers[rows], numbers], axis=1)
        order = np.argsort(both, axis=1, kind="stable")[:, : self._k]
        self._distances[rows] = np.take_along_axis(both, order, axis=1)
        self._numbers[rows] = np.take_along_axis(which, order, axis=1)

    def pairs(self) -> tuple[IntArray, IntArray, IntArray, npt.NDArray[np.float64]]:
        """Return query, candidate, rank (1 is the nearest) and distance of each pair, by query and distance."""
        queries, places = np.nonzero(np.isfinite(self._distances))
        return queries, self._numbers[queries, places], places + 1, self._distances[queries, places]
