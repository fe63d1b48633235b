import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tifffile

from image_assets.errors import SettingsError
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.neighbourhood import HaloFilter
from image_assets.tiles.readers import open_scene
from image_assets.tiles.reconstruction import create_reconstruction
from image_assets.tiles.scene import Pixels, SceneReader
from image_assets.tiles.strategies import STRATEGY_NAMES, strategy
from image_assets_tests.tiles.one_process import run_locally

SCENE = GeneratedScene(seed=11, width=230, height=190, channels=4, dtype="int16")
GRID = TileGrid(SCENE.name, SCENE.width, SCENE.height, 64)


class CountingRead:
    """Reads tiles from an open scene and counts what was read, pixel by pixel."""

    def __init__(self, reader: SceneReader) -> None:
        self.reader = reader
        self.tiles: Counter[Tile] = Counter()
        self.touched = np.zeros((SCENE.height, SCENE.width), int)

    def __call__(self, tile: Tile) -> Pixels:
        self.tiles[tile] += 1
        self.touched[tile.window.within(GRID.window)] += 1
        return self.reader.read_window(*tile.window)


@pytest.fixture(scope="module")
def scene_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    picture = SCENE.read_window(0, 0, 230, 190)
    tifffile.imwrite(path, picture, tile=(32, 32), photometric="minisblack", planarconfig="contig")
    return path


@pytest.mark.parametrize("name", ["clip_and_sum", "gaussian", "median"])
def test_all_strategies_give_the_same_bits_with_the_reads_that_they_promise(name: str, scene_file: Path) -> None:
    reconstruction = create_reconstruction(name)
    results, reads = {}, {}
    for strategy_name in STRATEGY_NAMES:
        read = CountingRead(open_scene(scene_file))
        run = run_locally(strategy(strategy_name), reconstruction, GRID, read)
        assert run.reads == read.tiles
        results[strategy_name], reads[strategy_name] = run.tiles, read
    assert set(results["naive"]) == set(GRID.tiles())
    for tile, expected in results["naive"].items():
        for strategy_name in ("grouped_read", "partial"):
            found = results[strategy_name][tile]
            assert found.dtype == expected.dtype
            assert found.tobytes() == expected.tobytes()
    assert (reads["grouped_read"].touched == 1).all()
    assert (reads["partial"].touched == 1).all()
    assert reads["naive"].tiles == {tile: len(tile.neighbourhood()) for tile in GRID.tiles()}
    assert reads["naive"].touched.max() == 9


def test_partial_shuffles_strips_where_the_others_shuffle_copies() -> None:
    grid = TileGrid("s", 900, 900, 300)
    scene = GeneratedScene(1, 900, 900)
    blur = create_reconstruction("gaussian", sigma=2.0)
    bytes_of = {
        name: run_locally(strategy(name), blur, grid, lambda tile: scene.read_window(*tile.window)).shuffled_bytes
        for name in STRATEGY_NAMES
    }
    assert bytes_of["naive"] == bytes_of["grouped_read"]
    assert bytes_of["partial"] < 0.22 * bytes_of["grouped_read"]  # 1.1 copies of the scene for 5.4


def test_targets_without_a_use_for_a_source_are_sent_nothing() -> None:
    plan = strategy("partial")
    alone = HaloFilter("alone", 0, np.asarray)
    task = next(plan.tasks(GRID, 1))
    assert len(task.targets) == 4
    sent = list(plan.send(alone, task, SCENE.read_window(*task.source.window)))
    assert [target for target, _ in sent] == [task.source]


def test_a_scene_of_one_tile_needs_no_neighbours() -> None:
    grid = TileGrid(SCENE.name, 230, 190, 1000)
    picture = SCENE.read_window(0, 0, 230, 190)
    run = run_locally(strategy("partial"), create_reconstruction("clip_and_sum"), grid, lambda _: picture)
    np.testing.assert_array_equal(run.tiles[grid.tile(0, 0)], np.where(picture > 20, 0, picture))


def test_a_halo_out_of_reach_is_refused_before_anything_is_read() -> None:
    def read(tile: Tile) -> Pixels:
        raise AssertionError(tile)

    with pytest.raises(SettingsError, match=r"set IMAGE_ASSETS_SCENES_RADIUS \(n_size\) to 4 "):
        run_locally(strategy("partial"), create_reconstruction("gaussian", sigma=50.0), GRID, read)


def test_an_unknown_strategy_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SettingsError, match="no strategy 'fast'; choose one of naive, grouped_read, partial"):
        strategy("fast")


@pytest.mark.parametrize("name", STRATEGY_NAMES)
def test_a_strategy_travels_to_executors(name: str) -> None:
    assert pickle.loads(pickle.dumps(strategy(name))) == strategy(name)  # noqa: S301 - what Spark does with it
