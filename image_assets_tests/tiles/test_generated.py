import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_assets.errors import SettingsError, SourceError
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.scene import Access

STUDY = GeneratedScene(seed=3, width=1500, height=1200, channels=4, dtype="int16")
WHOLE = STUDY.read_window(0, 0, 1500, 1200)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1499), st.integers(0, 1199), st.integers(1, 400), st.integers(1, 400))
def test_every_window_agrees_with_the_whole(left: int, top: int, width: int, height: int) -> None:
    width, height = min(width, 1500 - left), min(height, 1200 - top)
    window = STUDY.read_window(left, top, width, height)
    np.testing.assert_array_equal(window, WHOLE[top : top + height, left : left + width])


def test_a_tile_far_inside_a_huge_scene_agrees_with_its_neighbour() -> None:
    scene = GeneratedScene(7, 4_000_000, 3_000_000)
    left = scene.read_window(3_999_000, 2_999_500, 600, 300)
    right = scene.read_window(3_999_400, 2_999_400, 600, 300)
    np.testing.assert_array_equal(left[:200, 400:], right[100:, :200])


def test_the_study_s_values_are_kept_and_the_picture_has_structure() -> None:
    assert WHOLE.dtype == np.int16
    assert WHOLE.shape == (1200, 1500, 4)
    assert WHOLE.min() >= -127
    assert WHOLE.max() <= 127
    assert (WHOLE > 20).mean() > 0.001  # so that clipping has work
    assert WHOLE.std() > 10
    blocks = WHOLE[:1200, :1500, 0].reshape(12, 100, 15, 100).mean(axis=(1, 3))
    assert blocks.std() > 5  # slow structure survives averaging, noise would not


def test_uint8_scenes_are_grey_or_colours() -> None:
    grey = GeneratedScene(1, 300, 200).read_window(0, 0, 300, 200)
    colours = GeneratedScene(1, 300, 200, channels=3).read_window(0, 0, 300, 200)
    assert (grey.shape, grey.dtype) == ((200, 300, 1), np.dtype(np.uint8))
    assert colours.shape == (200, 300, 3)
    assert np.abs(colours[..., 0].astype(int) - colours[..., 1]).mean() > 1


def test_seeds_make_different_scenes() -> None:
    first, second = (GeneratedScene(seed, 300, 300).read_window(0, 0, 300, 300) for seed in (1, 2))
    assert (first != second).mean() > 0.5


def test_pixels_do_not_change_between_versions() -> None:
    window = GeneratedScene(7, 60_000, 60_000).read_window(31_234, 27_777, 3, 2)
    assert window[..., 0].tolist() == [[131, 132, 136], [143, 131, 134]]


def test_the_name_says_everything_and_gives_the_scene_back() -> None:
    assert STUDY.name == "generated_1500x1200x4_int16_seed3"
    assert GeneratedScene.from_name(STUDY.name) == STUDY
    info = STUDY.describe()
    assert (info.width, info.height, info.channels, info.dtype, info.access) == (
        1500,
        1200,
        4,
        np.dtype(np.int16),
        Access.WINDOWS,
    )


@pytest.mark.parametrize("name", ["generated", "generated_10x10x1_float32_seed1", "generated_10x10_uint8_seed1"])
def test_a_name_of_another_form_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(SettingsError, match="such as generated_6000x6000x1_uint8_seed7"):
        GeneratedScene.from_name(name)


def test_an_empty_scene_is_refused() -> None:
    with pytest.raises(SettingsError, match="0 x 10 x 1"):
        GeneratedScene(1, 0, 10)


@pytest.mark.parametrize("window", [(-1, 0, 5, 5), (1499, 0, 2, 1), (0, 1200, 1, 1), (0, 0, 0, 3)])
def test_a_window_outside_the_scene_is_refused(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(SourceError, match="is not within the scene of 1500 x 1200 pixels"):
        STUDY.read_window(*window)
