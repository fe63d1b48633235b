"""Whether the tables of a scene are right: covered once, borders, strategies, and the filter of the whole picture.

Tiles are computed anew from `source_tiles`, without the stages, and compared bit for bit. In this process: at most the
neighbourhoods of five tiles, or a scene that is small.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from image_assets.scenes.reconstruction import ReconstructionOptions
from image_assets.scenes.tile_tables import StoredScene, TileReader, stored_scene
from image_assets.tiles.contributions import Contribution
from image_assets.tiles.geometry import Tile, TileGrid, TileKey
from image_assets.tiles.neighbourhood import HaloFilter, Reconstruction
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import STRATEGY_NAMES, ReadTask, strategy
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

WHOLE_BYTES = 64 << 20


@dataclass(frozen=True)
class SceneVerification:
    """The questions about one scene.

    Attributes:
        warehouse: with `source_tiles` and `reconstructed_tiles`.
        scene: which one.
    """

    warehouse: Warehouse
    scene: str

    @cached_property
    def source(self) -> StoredScene:
        """What `source_tiles` holds; raises WarehouseError if that does not cover the scene exactly once."""
        return stored_scene(self._table("source_tiles"), self.scene)

    @cached_property
    def result(self) -> StoredScene:
        """What `reconstructed_tiles` holds; raises WarehouseError if that does not cover the scene exactly once."""
        return stored_scene(self._table("reconstructed_tiles"), self.scene)

    @cached_property
    def options(self) -> ReconstructionOptions:
        """How the reconstructed tiles were made, by their own account."""
        rows = self._table("reconstructed_tiles").head(1, ["reconstruction"], [self.scene])
        return ReconstructionOptions.from_description(rows["reconstruction"][0].as_py())

    def other_tiles(self) -> list[str]:
        """Return how the reconstructed tiles differ from the source tiles in number or size."""
        source, result = self.source.grid, self.result.grid
        return [] if source == result else [f"its tiles make up {result}, those of source_tiles {source}"]

    def keys_of(self, table: str) -> list[TileKey]:
        """Return the keys of the scene's rows in any table of tiles, in reading order."""
        rows = self._table(table).read(list(TileKey._fields), [self.scene]).to_pylist()
        return sorted((TileKey(**row) for row in rows), key=lambda key: (key.y, key.x))

    def wrong_borders(self) -> list[Tile]:
        """Return the tiles in the corners, and one in the middle, that are not what their neighbourhood gives."""
        reconstruction = self.options.create()
        with self._readers() as (sources, results):
            return [
                target
                for target in sample_tiles(self.result.grid)
                if not same(results.read(target), self._from_neighbourhood(reconstruction, sources, target))
            ]

    def disagreements(self) -> list[tuple[str, Tile]]:
        """Return strategies and tiles where a strategy gives something else than what is stored."""
        reconstruction = self.options.create()
        with self._readers() as (sources, results):
            return [
                (name, target)
                for target in sample_tiles(self.result.grid)
                for name in STRATEGY_NAMES
                if not same(results.read(target), self._by_strategy(name, reconstruction, sources, target))
            ]

    def wrong_in_whole(self, limit_bytes: int = WHOLE_BYTES) -> list[Tile] | None:
        """Return the tiles that differ from the filter of the whole picture.

        None if there is nothing to compare: the picture is larger than the limit, or the reconstruction is defined by
        tiles.
        """
        reconstruction = self.options.create()
        stored, grid = self.source, self.source.grid
        if not isinstance(reconstruction, HaloFilter) or len(grid) * stored.tile_bytes() > limit_bytes:
            return None
        with self._readers() as (sources, results):
            picture = stitched(sources, stored)
            whole = TileGrid(self.scene, grid.width, grid.height, max(grid.width, grid.height)).tile(0, 0)
            expected = reconstruction.reconstruct([(whole, picture)], whole)
            return [
                tile for tile in grid.tiles() if not same(results.read(tile), expected[tile.window.within(grid.window)])
            ]

    def _table(self, name: str) -> Table:
        return self.warehouse.table(name)

    @contextmanager
    def _readers(self) -> Iterator[tuple[TileReader, TileReader]]:
        """Open readers of source tiles and of reconstructed tiles."""
        with (
            closing(TileReader(self._table("source_tiles").root, self.source.addresses)) as sources,
            closing(TileReader(self._table("reconstructed_tiles").root, self.result.addresses)) as results,
        ):
            yield sources, results

    def _from_neighbourhood(self, reconstruction: Reconstruction, sources: TileReader, target: Tile) -> Pixels:
        tiles = target.neighbourhood(self.options.n_size)
        return reconstruction.reconstruct(((tile, sources.read(tile)) for tile in tiles), target)

    def _by_strategy(self, name: str, reconstruction: Reconstruction, sources: TileReader, target: Tile) -> Pixels:
        plan = strategy(name)
        contributions: list[Contribution] = [
            contribution
            for source in target.neighbourhood(self.options.n_size)
            for _, contribution in plan.send(reconstruction, ReadTask(source, (target,)), sources.read(source))
        ]
        return plan.receive(reconstruction, target, contributions)


def stitched(reader: TileReader, stored: StoredScene) -> Pixels:
    """Return a whole scene from its tiles, shape (rows, columns, channels); for scenes that fit in memory."""
    grid = stored.grid
    picture = np.empty((grid.height, grid.width, stored.channels), stored.dtype)
    for tile in grid.tiles():
        picture[tile.window.within(grid.window)] = reader.read(tile)
    return picture


def sample_tiles(grid: TileGrid) -> list[Tile]:
    """Return the tiles in the four corners and one in the middle, each once."""
    right, bottom = grid.columns - 1, grid.rows - 1
    places = [(0, 0), (right, 0), (0, bottom), (right, bottom), (grid.columns // 2, grid.rows // 2)]
    return [grid.tile(x, y) for x, y in dict.fromkeys(places)]


def same(one: Pixels, other: Pixels) -> bool:
    """Whether two arrays are equal bit for bit, NaN included."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
