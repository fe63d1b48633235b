"""Three ways to bring source tiles to the targets that need them: identical results, different cost.

| Strategy | A task | What is sent to a target | Reads of each source |
|---|---|---|---|
| `naive` | one (source, target) pair | the source tile | up to 9 |
| `grouped_read` | one source, all its targets | the source tile, a copy each | 1 |
| `partial` | one source, all its targets | its partial reconstruction; the source is dropped | 1 |

A strategy is three functions. An engine runs `tasks` on the driver (keys only), `send` where sources are read (map
side), groups by target, and runs `receive` once per target (reduce side); every stage takes and gives iterators, so
that a worker holds one source or one target at a time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from image_assets.errors import SettingsError
from image_assets.tiles.contributions import Contribution, Patch
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.neighbourhood import Reconstruction
from image_assets.tiles.scene import Pixels


class ReadTask(NamedTuple):
    """Read `source` once and send something of it to each of `targets`."""

    source: Tile
    targets: tuple[Tile, ...]


@dataclass(frozen=True)
class Strategy:
    """How sources reach targets; see the module's table.

    Attributes:
        name: As in a setting.
        tasks: Yields what to read for a grid and a radius.
        send: Yields target and contribution for a source that was read.
        receive: Returns a target's pixels from all contributions sent to it, in any order.
        pack: Makes one contribution of those that neighbouring sources send to a target, before they travel; None
            where each pair is on its own.
    """

    name: str
    tasks: Callable[[TileGrid, int], Iterator[ReadTask]]
    send: Callable[[Reconstruction, ReadTask, Pixels], Iterator[tuple[Tile, Contribution]]]
    receive: Callable[[Reconstruction, Tile, Iterable[Contribution]], Pixels]
    pack: Callable[[Reconstruction, Iterable[Contribution]], Contribution] | None


def read_pairs(grid: TileGrid, n_size: int) -> Iterator[ReadTask]:
    """Yield one task for every pair of a target and a source of its neighbourhood."""
    for target in grid.tiles():
        for source in target.neighbourhood(n_size):
            yield ReadTask(source, (target,))


def read_sources(grid: TileGrid, n_size: int) -> Iterator[ReadTask]:
    """Yield one task for every source, with all targets that need it."""
    for source in grid.tiles():
        yield ReadTask(source, source.neighbourhood(n_size))


def send_copies(
    reconstruction: Reconstruction,  # noqa: ARG001 - the form of `Strategy.send`
    task: ReadTask,
    pixels: Pixels,
) -> Iterator[tuple[Tile, Contribution]]:
    """Yield the source tile itself for every target."""
    copy = (Patch(task.source.window, pixels),)
    for target in task.targets:
        yield target, copy


def send_partials(
    reconstruction: Reconstruction, task: ReadTask, pixels: Pixels
) -> Iterator[tuple[Tile, Contribution]]:
    """Yield the partial reconstruction for every target that needs this source."""
    for target, contribution in reconstruction.partials(pixels, task.targets, task.source):
        if contribution:
            yield target, contribution


def receive_copies(reconstruction: Reconstruction, target: Tile, contributions: Iterable[Contribution]) -> Pixels:
    """Reconstruct a target from the source tiles that were sent to it."""
    size = target.grid.tile_size
    sources = (
        (target.grid.tile(patch.window.left // size, patch.window.top // size), patch.pixels)
        for contribution in contributions
        for patch in contribution
    )
    return reconstruction.reconstruct(sources, target)


def receive_partials(reconstruction: Reconstruction, target: Tile, contributions: Iterable[Contribution]) -> Pixels:
    """Combine the partial reconstructions that were sent to a target and finish them."""
    return reconstruction.finish(reconstruction.combine(contributions), target)


def pack_copies(
    reconstruction: Reconstruction,  # noqa: ARG001 - the form of `Strategy.pack`
    contributions: Iterable[Contribution],
) -> Contribution:
    """Put the copies of several sources side by side."""
    return tuple(chain.from_iterable(contributions))


def pack_partials(reconstruction: Reconstruction, contributions: Iterable[Contribution]) -> Contribution:
    """Combine the partial reconstructions of several sources."""
    return reconstruction.combine(contributions)


_STRATEGIES = {
    "naive": Strategy("naive", read_pairs, send_copies, receive_copies, None),
    "grouped_read": Strategy("grouped_read", read_sources, send_copies, receive_copies, pack_copies),
    "partial": Strategy("partial", read_sources, send_partials, receive_partials, pack_partials),
}
STRATEGY_NAMES: tuple[str, ...] = tuple(_STRATEGIES)


def strategy(name: str) -> Strategy:
    """Return the strategy of that name.

    Raises:
        SettingsError: There is none.
    """
    if name not in _STRATEGIES:
        raise SettingsError(f"no strategy {name!r}; choose one of {', '.join(STRATEGY_NAMES)}")
    return _STRATEGIES[name]
