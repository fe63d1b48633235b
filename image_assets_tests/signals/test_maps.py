import numpy as np
import pytest

from image_assets.signals.errors import SignalError
from image_assets.signals.maps import cluster_colours, cluster_palette, phase_colours, scatter, stretched


def test_values_go_to_the_places_of_their_keys() -> None:
    keys = np.array([[1, 0, 1], [0, 1, 0]])
    volume = scatter(keys, np.array([7, 8]), (2, 2, 2), fill=-1)
    assert volume.tolist() == [[[-1, -1], [8, -1]], [[-1, 7], [-1, -1]]]


@pytest.mark.parametrize(
    ("keys", "message"), [(np.array([[2, 0, 0]]), "outside the volume"), (np.array([[0, 0]]), "one voxel")]
)
def test_keys_that_do_not_fit_are_refused(keys: np.ndarray, message: str) -> None:
    with pytest.raises(SignalError, match=message):
        scatter(keys, np.array([1.0]), (2, 2, 2), fill=0)


def test_stretching_clips_at_a_percentile() -> None:
    values = np.array([np.nan, 0.0, 5.0, 10.0, np.inf])
    assert stretched(values, 50).tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert stretched(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("phase", "colour"),
    [(0, [1, 0, 0]), (2 * np.pi / 3, [0, 1, 0]), (4 * np.pi / 3, [0, 0, 1]), (2 * np.pi, [1, 0, 0])],
)
def test_the_hue_goes_once_round_the_circle(phase: float, colour: list[float]) -> None:
    np.testing.assert_allclose(phase_colours(np.array([phase]), np.array([1.0])), [colour], atol=1e-9)


def test_brightness_dims_a_phase_and_missing_brightness_is_black() -> None:
    colours = phase_colours(np.zeros(3), np.array([0.25, np.nan, 7.0]))
    assert colours.tolist() == [[0.25, 0, 0], [0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("k", [1, 10, 11, 20, 21, 50])
def test_a_palette_has_as_many_different_colours_as_clusters(k: int) -> None:
    assert len(np.unique(cluster_palette(k).round(6), axis=0)) == k


def test_voxels_without_cluster_are_black_and_others_dimmed() -> None:
    palette = cluster_palette(3)
    colours = cluster_colours(np.array([[2, -1], [0, 1]]), 3, np.array([[0.5, 1.0], [1.0, np.nan]]))
    np.testing.assert_allclose(colours, [[palette[2] / 2, [0, 0, 0]], [palette[0], [0, 0, 0]]])
    np.testing.assert_allclose(cluster_colours(np.array([1, -1]), 3), [palette[1], [0, 0, 0]])
