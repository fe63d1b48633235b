import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_assets.tiles.contributions import ReconstructionError
from image_assets.tiles.geometry import TileGrid
from image_assets.tiles.preview import assemble_preview, displayable, preview_piece, preview_scale
from image_assets.tiles.scene import Pixels


def preview(picture: Pixels, tile_size: int, scale: int) -> Pixels:
    grid = TileGrid("s", picture.shape[1], picture.shape[0], tile_size)
    pieces = [preview_piece(picture[tile.window.within(grid.window)], tile, scale) for tile in grid.tiles()]
    return assemble_preview(reversed(pieces), grid, scale)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(1, 40),
    st.integers(1, 17),
    st.sampled_from(["uint8", "int16", "float32"]),
)
def test_the_preview_is_the_area_average_of_the_whole_whatever_the_tiles(
    height: int, width: int, tile_size: int, scale: int, dtype: str
) -> None:
    picture = np.random.default_rng(0).integers(0, 200, (height, width, 2)).astype(dtype)
    found = preview(picture, tile_size, scale)
    exact = picture.astype(np.float64)
    expected = [
        [exact[top : top + scale, left : left + scale].mean(axis=(0, 1)) for left in range(0, width, scale)]
        for top in range(0, height, scale)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("width", "height", "scale"), [(60_000, 60_000, 59), (7026, 9221, 10), (800, 20, 1)])
def test_the_longest_side_stays_within_the_wanted_size(width: int, height: int, scale: int) -> None:
    assert preview_scale(TileGrid("s", width, height, 2000), 1024) == scale
    assert -(-max(width, height) // scale) <= 1024


def test_a_missing_piece_is_noticed() -> None:
    grid = TileGrid("s", 4, 2, 2)
    pieces = [preview_piece(np.zeros((2, 2, 1), np.uint8), grid.tile(0, 0), 1)]
    with pytest.raises(ReconstructionError, match="needs 2 pieces and received 1"):
        assemble_preview(pieces, grid, 1)


def test_uint8_scenes_are_shown_as_they_are_and_others_stretched() -> None:
    means = np.array([[[10.4, 99.0], [20.6, 99.0]]])
    assert displayable(means, np.dtype(np.uint8)).tolist() == [[10, 21]]
    assert displayable(means, np.dtype(np.int16)).tolist() == [[0, 255]]


def test_three_or_more_channels_are_shown_as_colours() -> None:
    means = np.arange(8.0).reshape(1, 2, 4)
    shown = displayable(means, np.dtype(np.uint8))
    assert shown.tolist() == [[[0, 1, 2], [4, 5, 6]]]
    assert displayable(np.full((2, 2, 3), 5.0), np.dtype(np.int16)).tolist() == np.zeros((2, 2, 3)).tolist()
