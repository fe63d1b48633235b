import numpy as np
import pytest

from image_assets.learning.evaluation import Confusion
from image_assets.report.figures import Matrix, VarianceCurve, map_places


def test_groups_stay_together_on_the_map() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], 20)
    features = (10 * np.eye(16)[groups] + rng.normal(size=(60, 16))).astype(np.float32)
    places = map_places(features, seed=1)
    assert places.shape == (60, 2)
    assert (places.min(), places.max()) == (0, 1)
    away = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(60)
    assert (groups[away.argmin(axis=1)] == groups).mean() > 0.95
    np.testing.assert_array_equal(places, map_places(features, seed=1))


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (3, 1), (20, 1)])
def test_few_or_narrow_features_have_places_too(shape: tuple[int, int]) -> None:
    places = map_places(np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape), seed=1)
    assert places.shape == (shape[0], 2)
    assert ((places >= 0) & (places <= 1)).all()


def test_the_matrix_puts_confused_classes_side_by_side() -> None:
    confusion = Confusion(("a", "b", "c"), np.array([[8, 0, 2], [0, 10, 0], [0, 0, 10]]))
    matrix = Matrix.of(confusion)
    assert abs(matrix.classes.index("a") - matrix.classes.index("c")) == 1
    found = {(matrix.classes[c.row], matrix.classes[c.column]): (c.count, c.share) for c in matrix.cells}
    assert found == {("a", "a"): (8, 0.8), ("a", "c"): (2, 0.2), ("b", "b"): (10, 1.0), ("c", "c"): (10, 1.0)}
    assert matrix.named


def test_the_curve_says_how_many_components_keep_how_much() -> None:
    curve = VarianceCurve.of([0.5, 0.3, 0.15, 0.04])
    assert curve.components == 4
    assert curve.total == pytest.approx(0.99)
    assert curve.reached[:2] == [(0.5, 1), (0.9, 3)]
    assert curve.line.split()[0] == "0.0,100.0"
    assert curve.ticks == [1, 4]
