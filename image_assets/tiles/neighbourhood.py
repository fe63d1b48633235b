"""The forms a reconstruction can take: what a source gives to a target, how that is combined, how it is finished.

`Reconstruction` is the contract that strategies use. Most needs are met by one of its two forms, each described by a
plain function over arrays: `PixelwiseReduction` (tiles of the neighbourhood laid on top of each other) and `HaloFilter`
(a filter of the whole picture, computed tile by tile). Everything here is picklable if the function given is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from image_assets.errors import SettingsError
from image_assets.tiles.contributions import Contribution, Patch, ReconstructionError
from image_assets.tiles.geometry import Tile, TileGrid, Window
from image_assets.tiles.scene import Pixels


class Reconstruction(ABC):
    """How a target tile comes from the source tiles of its neighbourhood.

    `combine` must be associative and commutative, bit for bit: Spark may combine in any order, before the shuffle and
    after it. Sums of floating-point numbers are not.
    """

    name: str
    """Name in messages and metadata."""
    halo: int
    """Pixels beyond the target's border that its result depends on; the neighbourhood must reach that far."""

    @abstractmethod
    def partial(self, source_tile: Pixels, target: Tile, source: Tile) -> Contribution:
        """Return what the pixels of `source`, of shape (rows, columns, channels), give to `target`.

        An empty contribution says that the target does not need this source. Must not keep a view of more of
        `source_tile` than the contribution needs: the source is dropped next.
        """

    def partials(
        self, source_tile: Pixels, targets: Iterable[Tile], source: Tile
    ) -> Iterator[tuple[Tile, Contribution]]:
        """Yield what a source gives to each of several targets; where much of the work is shared, it is done once."""
        for target in targets:
            yield target, self.partial(source_tile, target, source)

    @abstractmethod
    def combine(self, contributions: Iterable[Contribution]) -> Contribution:
        """Return contributions to one target as one; leaves its arguments as they are."""

    @abstractmethod
    def finish(self, contribution: Contribution, target: Tile) -> Pixels:
        """Return the target's pixels, of shape (rows, columns, channels), from all contributions combined."""

    def reconstruct(self, sources: Iterable[tuple[Tile, Pixels]], target: Tile) -> Pixels:
        """Return the target's pixels from the source tiles themselves, which are taken one by one."""
        parts = (self.partial(pixels, target, source) for source, pixels in sources)
        return self.finish(self.combine(parts), target)

    def require_reach(self, grid: TileGrid, n_size: int) -> None:
        """Check that a neighbourhood of radius `n_size` holds the halo.

        Raises:
            SettingsError: The halo reaches beyond the neighbourhood.
        """
        if self.halo > n_size * grid.tile_size:
            raise SettingsError(
                f"{self.name} needs {self.halo} pixels around a tile, but {n_size} tiles of {grid.tile_size} pixels "
                f"reach only {n_size * grid.tile_size}; set IMAGE_ASSETS_SCENES_RADIUS (n_size) to "
                f"{-(-self.halo // grid.tile_size)} or larger tiles"
            )


@dataclass(frozen=True)
class PixelwiseReduction(Reconstruction):
    """Lays the source tiles on the target, top left corners together, and reduces them pixel by pixel.

    Where tiles of the border are smaller, a pixel of the target takes the sources that have a pixel at its place:
    a source that is too small gives nothing there, and what a source has beyond the target's size is ignored.

    Attributes:
        name: Name in messages and metadata.
        transform: Turns a source tile, whole, into an array of the same rows and columns, before anything else.
        reduce: An associative and commutative ufunc such as `np.add` (over whole numbers), `np.maximum`, `np.minimum`.
        total_dtype: Dtype of the result, wide enough for every total; None keeps that of the sources, which is also
            what a single contribution keeps, so that less is shuffled.
    """

    name: str
    transform: Callable[[Pixels], Pixels]
    reduce: np.ufunc = np.add
    total_dtype: str | None = None
    halo: int = field(default=0, init=False)

    def partial(self, source_tile: Pixels, target: Tile, source: Tile) -> Contribution:  # noqa: ARG002
        """Return the transformed part of the source that lies on the target."""
        return self._laid_on(target, self.transform(source_tile))

    def partials(
        self,
        source_tile: Pixels,
        targets: Iterable[Tile],
        source: Tile,  # noqa: ARG002
    ) -> Iterator[tuple[Tile, Contribution]]:
        """Yield the transformed source, computed once, for each target."""
        transformed = self.transform(source_tile)
        for target in targets:
            yield target, self._laid_on(target, transformed)

    def _laid_on(self, target: Tile, transformed: Pixels) -> Contribution:
        place = target.window
        part = transformed[: place.height, : place.width]
        return (Patch(Window(place.left, place.top, part.shape[1], part.shape[0]), part),)

    def combine(self, contributions: Iterable[Contribution]) -> Contribution:
        """Return at most one patch for each size that occurs, reduced."""
        totals: dict[Window, Pixels] = {}
        owned: set[Window] = set()
        for contribution in contributions:
            for window, pixels in contribution:
                if window not in totals:
                    totals[window] = pixels
                else:
                    if window not in owned:
                        # A copy first: a ufunc that widens its arguments on the way takes three times as long.
                        totals[window] = totals[window].astype(self._total_dtype(totals[window], pixels))
                        owned.add(window)
                    self.reduce(totals[window], pixels, out=totals[window])
        return tuple(Patch(window, totals[window]) for window in sorted(totals))

    def _total_dtype(self, one: Pixels, other: Pixels) -> np.dtype[Any]:
        return np.dtype(self.total_dtype) if self.total_dtype else np.result_type(one, other)

    def finish(self, contribution: Contribution, target: Tile) -> Pixels:
        """Return the reduction of all patches over the target's window.

        Raises:
            ReconstructionError: No contribution covers the whole target, as its own tile does.
        """
        patches = dict(contribution)
        if target.window not in patches:
            raise ReconstructionError(
                f"{self.name}: the contribution of tile {target.key} to itself is missing; every tile must be among "
                f"its own sources"
            )
        own = patches.pop(target.window)
        result = own.astype(self.total_dtype or own.dtype, copy=bool(patches))
        for window, pixels in patches.items():
            covered = result[: window.height, : window.width]
            self.reduce(covered, pixels, out=covered)
        return result


@dataclass(frozen=True)
class HaloFilter(Reconstruction):
    """A filter of the whole picture, tile by tile: equal to it pixel for pixel.

    A source gives the strip that lies within the target's window grown by `halo`; strips are pasted, filtered and
    cropped. At the border of the picture the pasted array ends where the picture ends, so that `apply` meets the same
    border as on the whole picture and extends it in the same way.

    Attributes:
        name: Name in messages and metadata.
        halo: How many pixels away in both directions a result may depend on the picture.
        apply: Filters an array of shape (rows, columns, channels), same shape out. A pixel's value may depend on its
            surroundings and on the border of the array within `halo`, never on its position.
    """

    name: str
    halo: int
    apply: Callable[[Pixels], Pixels]

    def partial(self, source_tile: Pixels, target: Tile, source: Tile) -> Contribution:
        """Return the strip of the source that the target needs, or nothing."""
        strip = target.halo_window(self.halo).intersection(source.window)
        if strip.area == 0:
            return ()
        pixels = source_tile[strip.within(source.window)]
        return (Patch(strip, pixels if strip == source.window else pixels.copy()),)

    def combine(self, contributions: Iterable[Contribution]) -> Contribution:
        """Return all strips side by side, in order of place."""
        strips = [patch for contribution in contributions for patch in contribution]
        return tuple(sorted(strips, key=lambda patch: patch.window))

    def finish(self, contribution: Contribution, target: Tile) -> Pixels:
        """Return the filtered target.

        Raises:
            ReconstructionError: The strips do not fill the target's halo.
        """
        window = target.halo_window(self.halo)
        covered = sum(part.area for part in {patch.window for patch in contribution})
        if covered != window.area or len(contribution) != len({patch.window for patch in contribution}):
            raise ReconstructionError(
                f"{self.name}: tile {target.key} needs {window.area} pixels with its halo of {self.halo} and received "
                f"{covered}; send it every tile of its neighbourhood exactly once"
            )
        first = contribution[0].pixels
        surroundings = np.empty((window.height, window.width, first.shape[2]), first.dtype)
        for patch in contribution:
            surroundings[patch.window.within(window)] = patch.pixels
        return self.apply(surroundings)[target.window.within(window)]
