from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_assets.errors import SettingsError
from image_assets.tiles.contributions import Contribution, ReconstructionError
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.neighbourhood import PixelwiseReduction, Reconstruction
from image_assets.tiles.reconstruction import create_reconstruction
from image_assets.tiles.scene import Pixels

GRID = TileGrid("s", 23, 19, 8)
PICTURE = np.random.default_rng(5).integers(-127, 128, (19, 23, 2)).astype(np.int16)
RECONSTRUCTIONS: tuple[Reconstruction, ...] = (
    create_reconstruction("clip_and_sum"),
    create_reconstruction("gaussian", sigma=1.0),
    create_reconstruction("median", size=5),
    PixelwiseReduction("brightest", np.asarray, np.maximum),
)


def read(tile: Tile) -> Pixels:
    return PICTURE[tile.window.within(GRID.window)]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RECONSTRUCTIONS), st.sampled_from(list(GRID.tiles())), st.data())
def test_combining_in_any_order_and_grouping_gives_the_same_bits(
    reconstruction: Reconstruction, target: Tile, data: st.DataObject
) -> None:
    sources = target.neighbourhood()
    expected = reconstruction.reconstruct(((source, read(source)) for source in sources), target)
    parts = [reconstruction.partial(read(source), target, source) for source in data.draw(st.permutations(sources))]
    while len(parts) > 1:
        count = data.draw(st.integers(2, len(parts)))
        combined = reconstruction.combine(parts[:count])
        parts = data.draw(st.permutations([combined, *parts[count:]]))
    result = reconstruction.finish(parts[0], target)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("reconstruction", RECONSTRUCTIONS, ids=lambda found: found.name)
def test_combining_leaves_its_arguments_as_they_are(reconstruction: Reconstruction) -> None:
    target = GRID.tile(1, 1)
    parts = [reconstruction.partial(read(source), target, source) for source in target.neighbourhood()]
    before = [[patch.pixels.copy() for patch in part] for part in parts]
    reconstruction.finish(reconstruction.combine(parts), target)
    for part, copies in zip(parts, before, strict=True):
        for patch, copy in zip(part, copies, strict=True):
            np.testing.assert_array_equal(patch.pixels, copy)


def test_a_halo_filter_sends_strips_and_nothing_to_tiles_out_of_reach() -> None:
    grid = TileGrid("s", 400, 400, 100)
    median = create_reconstruction("median", size=5)
    tile = np.zeros((100, 100, 1), np.uint8)
    target = grid.tile(1, 1)
    shapes = {
        (source.x, source.y): tuple(patch.pixels.shape[:2] for patch in median.partial(tile, target, source))
        for source in target.neighbourhood(2)
    }
    assert shapes[1, 1] == ((100, 100),)
    assert shapes[0, 1] == shapes[2, 1] == ((100, 2),)
    assert shapes[1, 0] == shapes[1, 2] == ((2, 100),)
    assert shapes[0, 0] == shapes[2, 2] == ((2, 2),)
    assert shapes[3, 1] == shapes[3, 3] == ()


def test_a_strip_does_not_keep_the_whole_source_in_memory() -> None:
    grid = TileGrid("s", 200, 100, 100)
    source = np.zeros((100, 100, 1), np.uint8)
    (strip,) = create_reconstruction("median").partial(source, grid.tile(0, 0), grid.tile(1, 0))
    assert not np.shares_memory(strip.pixels, source)


def test_a_missing_strip_is_named() -> None:
    median = create_reconstruction("median")
    target = GRID.tile(1, 1)
    parts: list[Contribution] = [
        median.partial(read(source), target, source) for source in target.neighbourhood() if source.x != 2
    ]
    with pytest.raises(ReconstructionError, match="needs 100 pixels with its halo of 1 and received 90"):
        median.finish(median.combine(parts), target)


def test_a_strip_sent_twice_in_place_of_another_is_noticed() -> None:
    median = create_reconstruction("median")
    target = GRID.tile(1, 1)
    left = median.partial(read(GRID.tile(0, 1)), target, GRID.tile(0, 1))
    parts = [
        left if source.x == 2 and source.y == 1 else median.partial(read(source), target, source)
        for source in target.neighbourhood()
    ]
    with pytest.raises(ReconstructionError, match="exactly once"):
        median.finish(median.combine(parts), target)


def test_a_reduction_without_the_target_itself_is_refused() -> None:
    summed = create_reconstruction("clip_and_sum")
    target, source = GRID.tile(2, 2), GRID.tile(1, 2)
    part = summed.partial(read(target), source, target)
    with pytest.raises(ReconstructionError, match="to itself is missing"):
        summed.finish(part, source)


def test_a_halo_beyond_the_neighbourhood_is_refused_with_the_radius_that_would_do() -> None:
    blur = create_reconstruction("gaussian", sigma=10.0)
    with pytest.raises(
        SettingsError, match=r"gaussian needs 40 pixels .* set IMAGE_ASSETS_SCENES_RADIUS \(n_size\) to 5 "
    ):
        blur.require_reach(GRID, 1)
    blur.require_reach(GRID, 5)


def test_combining_everything_one_by_one_equals_combining_at_once() -> None:
    summed = create_reconstruction("clip_and_sum")
    target = GRID.tile(1, 1)
    parts = [summed.partial(read(source), target, source) for source in target.neighbourhood()]
    one_by_one = reduce(lambda left, right: summed.combine((left, right)), parts)
    np.testing.assert_array_equal(summed.finish(one_by_one, target), summed.finish(summed.combine(parts), target))
