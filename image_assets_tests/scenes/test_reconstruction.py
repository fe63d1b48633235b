"""The three strategies in Spark: the same bits, and the reads and exchanges that they promise."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from image_assets.scenes.blocks import plan_blocks, shares
from image_assets.scenes.reconstruction import Reconstructed, ReconstructionOptions, reconstruct_scene
from image_assets.scenes.tile_tables import TileReader, stored_scene
from image_assets.scenes.verification import stitched
from image_assets.spark.side_by_side import RowCounter
from image_assets.spark.stages import StageError
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.reconstruction import create_reconstruction
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import strategy
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.scenes.project import STUDY, Run, pixels_of
from image_assets_tests.tiles.one_process import run_locally

NAMES = ["partial", "grouped_read", "naive"]


def reconstruct(
    spark: SparkSession, chain: Run, target: Warehouse, options: ReconstructionOptions
) -> tuple[Reconstructed, Pixels]:
    tables = chain.project.table("source_tiles"), target.table("reconstructed_tiles")
    context = spark.sparkContext
    found = reconstruct_scene(context, tables, STUDY, options, RowCounter(context.accumulator(0)))
    tables[1].commit(found.files, [STUDY])
    stored = stored_scene(tables[1], STUDY)
    return found, stitched(TileReader(tables[1].root, stored.addresses), stored)


@pytest.mark.parametrize("name", ["clip_and_sum", "median"])
def test_strategies_give_the_same_bits_and_read_what_they_promise(
    name: str, spark: SparkSession, scene_chain: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    grid = stored_scene(scene_chain.project.table("source_tiles"), STUDY).grid
    picture = pixels_of(STUDY)
    local = run_locally(
        strategy("naive"), create_reconstruction(name), grid, lambda tile: picture[tile.window.within(grid.window)]
    )
    results = {}
    for strategy_name in NAMES:
        warehouse = Warehouse.at(tmp_path_factory.mktemp(strategy_name))
        options = ReconstructionOptions(name, strategy=strategy_name)
        results[strategy_name], pixels = reconstruct(spark, scene_chain, warehouse, options)
        for tile, expected in local.tiles.items():
            found = pixels[tile.window.within(grid.window)]
            assert found.dtype == expected.dtype
            assert found.tobytes() == np.ascontiguousarray(expected).tobytes()
        assert not list((tmp_path_factory.getbasetemp()).glob(f"{strategy_name}*/*/exchange-*"))
    assert set(results["partial"].reads.values()) == {1}
    assert set(results["grouped_read"].reads.values()) == {1}
    assert results["naive"].reads == {(tile.x, tile.y): len(tile.neighbourhood()) for tile in grid.tiles()}
    assert len(results["partial"].reads) == len(grid)
    assert results["naive"].exchanged_tiles == len(grid)
    assert results["partial"].exchanged_tiles < len(grid)
    assert results["partial"].exchanged_bytes < results["grouped_read"].exchanged_bytes
    assert results["grouped_read"].exchanged_bytes < results["naive"].exchanged_bytes


def test_a_failing_task_leaves_no_exchange_and_says_why(
    spark: SparkSession, scene_chain: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("failing")
    with pytest.raises(StageError, match="unsharp needs uint8 tiles, found int16"):
        reconstruct(spark, scene_chain, Warehouse.at(root), ReconstructionOptions("unsharp"))
    assert not list(root.glob("*/exchange-*"))


def test_options_survive_their_description() -> None:
    options = ReconstructionOptions("gaussian", {"sigma": 1.5, "truncate": 3}, n_size=2)
    assert options.description == "gaussian(sigma=1.5, truncate=3) n_size=2"
    assert ReconstructionOptions.from_description(options.description) == options


@pytest.mark.parametrize(("n_blocks", "pending"), [(1, 10**9), (6, 10**9), (6, 3 * 100 * 7), (1000, 1)])
def test_blocks_are_rectangles_that_cover_the_grid_once(n_blocks: int, pending: int) -> None:
    grid = TileGrid("s", 290, 170, 10)
    blocks = plan_blocks(grid, 1, n_blocks, 100, pending)
    tiles: list[Tile] = [tile for block in blocks for tile in block]
    assert len(tiles) == len(set(tiles)) == len(grid)
    assert len(blocks) >= min(n_blocks, len(grid))
    for block in blocks:
        xs, ys = sorted({tile.x for tile in block}), sorted({tile.y for tile in block})
        assert len(block) == len(xs) * len(ys)
        assert block == [grid.tile(x, y) for y in ys for x in xs]
        assert 3 * len(xs) * 100 <= max(pending, 300)


def test_shares_are_even_and_in_order() -> None:
    assert shares(list(range(7)), 3) == [[0, 1], [2, 3], [4, 5, 6]]
    assert shares([1], 3) == [[1]]
    assert shares([], 3) == []
