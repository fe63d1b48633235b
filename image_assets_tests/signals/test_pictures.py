import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from image_assets.signals import pictures
from image_assets.signals.maps import cluster_palette, phase_colours

GENERATOR = np.random.default_rng(0)


def drawn(figure: Figure) -> tuple[int, int]:
    """Return the size of the figure as a picture in a file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).size


def planes(figure: Figure) -> list[np.ndarray]:
    return [np.asarray(axis.images[0].get_array()) for axis in figure.axes if axis.images]


def test_the_deviation_map_shows_every_plane_with_its_unit() -> None:
    deviation = GENERATOR.uniform(0, 20, size=(2, 12, 15))
    deviation[0, 0, 0] = np.nan
    figure = pictures.std_picture(deviation)
    np.testing.assert_array_equal(planes(figure)[1], deviation[1])
    assert "grey levels" in [axis.get_ylabel() for axis in figure.axes]
    assert min(drawn(figure)) > 200


def test_the_phase_map_has_a_circular_legend() -> None:
    phase, coherence = GENERATOR.uniform(0, 6, size=(2, 12, 15)), GENERATOR.uniform(0, 1, size=(2, 12, 15))
    figure = pictures.phase_picture(phase, coherence)
    np.testing.assert_allclose(planes(figure)[0], phase_colours(phase, coherence)[0])
    legend = figure.axes[-1]
    assert legend.name == "polar"
    assert "coherence" in legend.get_xlabel()
    assert min(drawn(figure)) > 200


def test_the_cluster_map_counts_its_voxels() -> None:
    labels = np.array([[[0, 0, -1], [2, 2, 2]]])
    figure = pictures.cluster_picture(labels, 3)
    legend = figure.axes[-1].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["0: 2 voxels", "1: 0 voxels", "2: 3 voxels"]
    np.testing.assert_allclose(planes(figure)[0][1, 2], cluster_palette(3)[2])
    assert min(drawn(figure)) > 200


def test_more_than_eight_planes_are_not_all_drawn_and_the_title_says_so() -> None:
    figure = pictures.std_picture(np.zeros((12, 4, 5)), title="Deviation")
    assert len(planes(figure)) == 8
    assert figure.get_suptitle() == "Deviation (first 8 of 12 planes)"
