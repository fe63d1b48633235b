import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_distances

from image_assets.learning.neighbours import NearestRows, unit_rows


def brute_force(
    queries: np.ndarray, candidates: np.ndarray, threshold: float, k: int
) -> list[tuple[int, int, int, float]]:
    found = []
    for query, row in enumerate(cosine_distances(queries, candidates)):
        near = [int(i) for i in np.argsort(row, kind="stable") if row[i] < threshold][:k]
        found += [(query, i, rank, float(row[i])) for rank, i in enumerate(near, 1)]
    return found


@pytest.mark.parametrize("block", [1, 7, 100])
@pytest.mark.parametrize("k", [1, 3])
def test_the_nearest_are_those_of_brute_force_however_candidates_come(block: int, k: int) -> None:
    rng = np.random.default_rng(3)
    queries, candidates = rng.random((20, 16), np.float32), rng.random((60, 16), np.float32)
    nearest = NearestRows(unit_rows(queries), 0.12, k)
    for start in range(0, 60, block):
        nearest.update(unit_rows(candidates[start : start + block]))
    expected = brute_force(queries.astype(float), candidates.astype(float), 0.12, k)
    assert 20 < len(brute_force(queries, candidates, 0.12, 3)) < 100
    found = list(zip(*(part.tolist() for part in nearest.pairs()), strict=True))
    assert [pair[:3] for pair in found] == [pair[:3] for pair in expected]
    np.testing.assert_allclose([pair[3] for pair in found], [pair[3] for pair in expected], atol=1e-6)


def test_equal_rows_are_at_distance_zero_without_rounding() -> None:
    rows = np.random.default_rng(0).random((4, 1280), np.float32)
    nearest = NearestRows(unit_rows(rows), 1e-9, 1)
    nearest.update(unit_rows(3 * rows))
    queries, numbers, _, distances = nearest.pairs()
    assert queries.tolist() == numbers.tolist() == [0, 1, 2, 3]
    assert distances.max() < 1e-13


def test_excluded_pairs_do_not_count_and_do_not_hide_others() -> None:
    rows = unit_rows(np.array([[1, 0], [1, 0.01]], np.float32))
    nearest = NearestRows(rows[:1], 0.1, 1)
    nearest.update(rows, excluded=np.array([[True, False]]))
    assert nearest.pairs()[1].tolist() == [1]


def test_rows_of_zeros_are_near_to_nothing() -> None:
    zeros = unit_rows(np.zeros((2, 3), np.float32))
    nearest = NearestRows(zeros, 0.5, 2)
    nearest.update(zeros)
    assert nearest.pairs()[0].tolist() == []
