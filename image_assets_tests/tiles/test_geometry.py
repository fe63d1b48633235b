import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_assets.errors import SettingsError
from image_assets.tiles.geometry import TileGrid, TileKey, Window

grids = st.builds(TileGrid, st.just("s"), st.integers(1, 90), st.integers(1, 90), st.integers(1, 40))


@given(grids)
def test_tiles_cover_the_scene_exactly_once(grid: TileGrid) -> None:
    covered = np.zeros((grid.height, grid.width), int)
    for tile in grid.tiles():
        covered[tile.window.within(grid.window)] += 1
    assert (covered == 1).all()
    assert len(list(grid.tiles())) == len(grid) == grid.columns * grid.rows


@given(grids)
def test_every_key_is_unique_and_gives_the_tile_back(grid: TileGrid) -> None:
    keys = [tile.key for tile in grid.tiles()]
    assert len(set(keys)) == len(keys)
    assert [grid.tile(key.x, key.y).key for key in keys] == keys
    assert all(1 <= key.width <= grid.tile_size and 1 <= key.height <= grid.tile_size for key in keys)


@given(grids, st.integers(0, 3), st.data())
def test_the_neighbourhood_is_the_square_of_tiles_clipped_at_all_four_borders(
    grid: TileGrid, n_size: int, data: st.DataObject
) -> None:
    target = data.draw(st.sampled_from(list(grid.tiles())))
    expected = {tile for tile in grid.tiles() if abs(tile.x - target.x) <= n_size and abs(tile.y - target.y) <= n_size}
    found = target.neighbourhood(n_size)
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert all(target in source.neighbourhood(n_size) for source in found)


@given(grids, st.integers(0, 50), st.data())
def test_the_halo_grows_the_window_and_stops_at_the_border(grid: TileGrid, halo: int, data: st.DataObject) -> None:
    tile = data.draw(st.sampled_from(list(grid.tiles())))
    mask = np.zeros((grid.height, grid.width), bool)
    mask[tile.halo_window(halo).within(grid.window)] = True
    rows, columns = np.indices(mask.shape)
    near_rows = (rows >= tile.window.top - halo) & (rows < tile.window.bottom + halo)
    near_columns = (columns >= tile.window.left - halo) & (columns < tile.window.right + halo)
    assert (mask == (near_rows & near_columns)).all()


def test_the_photograph_has_smaller_tiles_at_its_right_and_lower_border() -> None:
    grid = TileGrid("highsmith", 7026, 9221, 2000)
    assert (grid.columns, grid.rows, len(grid)) == (4, 5, 20)
    assert grid.tile(0, 0).key == TileKey("highsmith", 0, 0, 2000, 2000)
    assert grid.tile(3, 4).key == TileKey("highsmith", 3, 4, 1026, 1221)
    assert grid.tile(3, 4).window == Window(6000, 8000, 1026, 1221)


def test_the_study_has_900_tiles_and_nine_sources_for_an_inner_one() -> None:
    grid = TileGrid("study", 60_000, 60_000, 2_000)
    assert len(grid) == 900
    assert len(grid.tile(27, 14).neighbourhood()) == 9
    assert [len(grid.tile(x, y).neighbourhood()) for x, y in ((0, 0), (29, 29), (0, 14), (14, 29))] == [4, 4, 6, 6]


def test_windows_that_do_not_overlap_intersect_in_nothing() -> None:
    assert Window(0, 0, 4, 4).intersection(Window(4, 0, 4, 4)).area == 0
    assert Window(0, 0, 5, 5).intersection(Window(3, 2, 9, 9)) == Window(3, 2, 2, 3)


@pytest.mark.parametrize(("width", "height", "tile_size"), [(0, 1, 1), (1, -3, 1), (1, 1, 0)])
def test_a_grid_refuses_sizes_that_are_not_positive(width: int, height: int, tile_size: int) -> None:
    with pytest.raises(SettingsError, match=r"scene 's': .* give a positive number of pixels"):
        TileGrid("s", width, height, tile_size)


def test_a_tile_that_the_grid_does_not_have_is_refused_with_its_range() -> None:
    with pytest.raises(SettingsError, match=r"no tile x=3, y=0: .* x from 0 to 2 and y from 0 to 1"):
        TileGrid("s", 30, 20, 10).tile(3, 0)


def test_a_negative_radius_is_refused() -> None:
    with pytest.raises(SettingsError, match="n_size is -1"):
        TileGrid("s", 30, 20, 10).tile(0, 0).neighbourhood(-1)
