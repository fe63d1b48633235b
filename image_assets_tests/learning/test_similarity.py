import numpy as np
import pytest
from scipy.spatial.distance import cdist

from image_assets.learning.similarity import confusion_distances, order_by_distance


def test_classes_that_look_alike_stand_together() -> None:
    centroids = np.array([[0.0, 0.0], [10.0, 0.0], [0.2, 0.1], [10.1, 0.1], [5.0, 40.0], [0.1, 0.3]])
    order = order_by_distance(cdist(centroids, centroids)).tolist()
    assert sorted(order) == [0, 1, 2, 3, 4, 5]
    places = [order.index(i) for i in range(6)]
    assert abs(places[1] - places[3]) == 1
    assert max(places[0], places[2], places[5]) - min(places[0], places[2], places[5]) == 2


def test_classes_on_a_line_are_ordered_along_it() -> None:
    positions = np.array([3.0, 1.0, 7.0, 0.0, 15.0])
    order = order_by_distance(cdist(positions[:, None], positions[:, None]))
    along = positions[order]
    assert (np.diff(along) > 0).all() or (np.diff(along) < 0).all()


def test_classes_taken_for_each_other_stand_together() -> None:
    counts = np.array([[8, 0, 0, 2], [0, 10, 0, 0], [0, 1, 9, 0], [4, 0, 0, 6]])
    distances = confusion_distances(counts)
    assert distances[0, 3] == distances[3, 0] == pytest.approx(1 - (0.2 + 0.4) / 2)
    assert (np.diag(distances) == 0).all()
    order = order_by_distance(distances).tolist()
    assert abs(order.index(0) - order.index(3)) == 1
    assert abs(order.index(1) - order.index(2)) == 1


@pytest.mark.parametrize("n", [0, 1, 2])
def test_one_or_two_classes_keep_their_order(n: int) -> None:
    np.testing.assert_array_equal(order_by_distance(np.zeros((n, n))), np.arange(n))
