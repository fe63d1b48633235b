"""The engine of strategies in one process: what Spark's does, without Spark."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from image_assets.tiles.contributions import contribution_parts, decode_contribution
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.neighbourhood import Reconstruction
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import Strategy

ReadTile = Callable[[Tile], Pixels]


class LocalRun(NamedTuple):
    """Target tiles, how often each source was read, and the bytes that went through the shuffle."""

    tiles: dict[Tile, Pixels]
    reads: Counter[Tile]
    shuffled_bytes: int


def run_locally(
    plan: Strategy, reconstruction: Reconstruction, grid: TileGrid, read: ReadTile, n_size: int = 1
) -> LocalRun:
    """Run a strategy over a whole scene in this process; everything shuffled is held as bytes.

    Raises:
        SettingsError: The halo reaches beyond the neighbourhood.
    """
    reconstruction.require_reach(grid, n_size)
    reads: Counter[Tile] = Counter()
    shuffled: dict[Tile, list[bytes]] = {}
    for task in plan.tasks(grid, n_size):
        reads[task.source] += 1
        pixels = read(task.source)
        for target, contribution in plan.send(reconstruction, task, pixels):
            shuffled.setdefault(target, []).append(b"".join(contribution_parts(contribution)))
    tiles = {
        target: plan.receive(reconstruction, target, map(decode_contribution, payloads))
        for target, payloads in shuffled.items()
    }
    return LocalRun(tiles, reads, sum(len(part) for parts in shuffled.values() for part in parts))
