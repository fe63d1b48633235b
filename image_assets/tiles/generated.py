"""Scenes of any size out of a seed: every pixel is a pure function of seed, scene name, row, column and channel.

Whole numbers only, so that every machine makes the same pixels and every window agrees with every other. A scene
looks like a starry sky: clouds of two sizes (products of waves), one point source in each square of 240 pixels, and
grain.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from image_assets.errors import SettingsError
from image_assets.tiles.geometry import Window
from image_assets.tiles.scene import Access, Pixels, SceneInfo, checked_window

_WAVE: NDArray[np.int16] = np.rint(127 * np.sin(2 * np.pi * np.arange(4096) / 4096)).astype(np.int16)
_CELL = 240
_STAR_REACH = 20
_NAME = re.compile(
    r"generated_(?P<width>\d+)x(?P<height>\d+)x(?P<channels>\d+)_(?P<dtype>uint8|int16)_seed(?P<seed>\d+)"
)


@dataclass(frozen=True)
class GeneratedScene:
    """A scene that is computed where it is read; about 200 megapixels a second and core.

    `int16` gives the published study's values, -127 to 127; `uint8` the same plus 128.

    Attributes:
        seed: Any whole number from 0.
        width: Pixels.
        height: Pixels.
        channels: 1 for grey, 3 for colours, 4 in the study.
        dtype: Kind of the values.

    Raises:
        SettingsError: A size is not positive.
    """

    seed: int
    width: int
    height: int
    channels: int = 1
    dtype: Literal["uint8", "int16"] = "uint8"

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.channels) < 1:
            raise SettingsError(
                f"generated scene of {self.width} x {self.height} x {self.channels}: give positive sizes"
            )

    @classmethod
    def from_name(cls, name: str) -> "GeneratedScene":
        """Return the scene that `name` describes, such as `generated_60000x60000x1_uint8_seed7`.

        Raises:
            SettingsError: The name has another form.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise SettingsError(
                f"{name!r} names no generated scene; write generated_<width>x<height>x<channels>_<uint8 or int16>"
                f"_seed<number>, such as generated_6000x6000x1_uint8_seed7"
            )
        sizes = {part: int(match[part]) for part in ("seed", "width", "height", "channels")}
        return cls(**sizes, dtype="uint8" if match["dtype"] == "uint8" else "int16")

    @property
    def name(self) -> str:
        """The scene's name, from which it can be made again."""
        return f"generated_{self.width}x{self.height}x{self.channels}_{self.dtype}_seed{self.seed}"

    def describe(self) -> SceneInfo:
        """Return size and kind."""
        return SceneInfo(self.width, self.height, self.channels, np.dtype(self.dtype), Access.WINDOWS)

    def read_window(self, x0: int, y0: int, width: int, height: int) -> Pixels:
        """Return the pixels of a window, shape (height, width, channels).

        Raises:
            SourceError: The window is not within the scene.
        """
        window = checked_window(self.describe(), x0, y0, width, height)
        pixels = np.empty((height, width, self.channels), self.dtype)
        offset = 128 if self.dtype == "uint8" else 0
        for channel in range(self.channels):
            values = _clouds(window, self._numbers(f"clouds {channel}", 8))
            _add_stars(values, window, int(self._numbers("stars", 1)[0]))
            values += _grain(window, self._numbers(f"grain {channel}", 2))
            np.clip(values, -127, 127, out=values)
            np.add(values, offset, out=pixels[..., channel], casting="unsafe")
        return pixels

    def close(self) -> None:
        """Do nothing: there is no file."""

    def _numbers(self, purpose: str, count: int) -> NDArray[np.uint64]:
        text = f"{self.name}/{purpose}".encode()
        return np.frombuffer(hashlib.blake2b(text, digest_size=8 * count).digest(), "<u8")


def _clouds(window: Window, numbers: NDArray[np.uint64]) -> NDArray[np.int16]:
    """Return slow structure between about -100 and 60."""
    rows = np.arange(window.top, window.bottom, dtype=np.int64)
    columns = np.arange(window.left, window.right, dtype=np.int64)
    total = np.zeros((window.height, window.width), np.int16)
    for slowness, (down, right) in zip((1, 8), numbers.reshape(2, 2, 2), strict=True):
        vertical, horizontal = _wave(rows, down, slowness), _wave(columns, right, slowness)
        total += vertical[:, np.newaxis] * horizontal
    total >>= 9
    total -= 20
    return total


def _wave(positions: NDArray[np.int64], numbers: NDArray[np.uint64], slowness: int) -> NDArray[np.int16]:
    """Return a wave of 700 to 4,700 pixels times `slowness`, its phase moved by a slower one so that it varies."""
    step, phase = 14 + int(numbers[0] % 80), int(numbers[1] % 4096)
    slow = _WAVE[(positions * step // (64 * slowness) + phase) % 4096].astype(np.int64)
    wave: NDArray[np.int16] = _WAVE[(positions * step // (16 * slowness) + 6 * slow + phase) % 4096]
    return wave


def _grain(window: Window, numbers: NDArray[np.uint64]) -> NDArray[np.int16]:
    """Return noise between -8 and 7: high bits of the product of a random number per row and one per column."""
    rows = _scramble(np.arange(window.top, window.bottom, dtype=np.uint64) ^ numbers[0])
    columns = _scramble(np.arange(window.left, window.right, dtype=np.uint64) ^ numbers[1])
    down, right = (numbers.astype(np.uint16) | np.uint16(1) for numbers in (rows, columns))
    mixed = (down[:, np.newaxis] * right).view(np.int16)
    mixed >>= 12
    return mixed


def _add_stars(values: NDArray[np.int16], window: Window, seed: int) -> None:
    """Add one round point source for each cell of 240 x 240 pixels, of random place, size and brightness."""
    reach = _STAR_REACH
    across = np.arange((window.left - reach) // _CELL, (window.right + reach) // _CELL + 1, dtype=np.int64)
    down = np.arange((window.top - reach) // _CELL, (window.bottom + reach) // _CELL + 1, dtype=np.int64)
    cells = (down.astype(np.uint64) << np.uint64(32))[:, np.newaxis] ^ (
        across.astype(np.uint64) & np.uint64(0xFFFFFFFF)
    )
    drawn = _scramble(cells ^ np.uint64(seed))
    top = down[:, np.newaxis] * _CELL + (drawn % np.uint64(_CELL)).astype(np.int64) - reach
    left = across * _CELL + (drawn >> np.uint64(10) & np.uint64(0xFFFF)).astype(np.int64) % _CELL - reach
    brightness = 20 + (drawn >> np.uint64(30) & np.uint64(127)).astype(np.int64)
    narrowness = 1 + (drawn >> np.uint64(40) & np.uint64(15)).astype(np.int64)
    distances = np.arange(-reach, reach + 1, dtype=np.int64) ** 2
    squared = distances[:, np.newaxis] + distances
    for index in np.ndindex(drawn.shape):
        place = Window(int(left[index]), int(top[index]), 2 * reach + 1, 2 * reach + 1)
        seen = place.intersection(window)
        if seen.area:
            profile = brightness[index] * (reach**2 - squared) // (reach**2 + 8 * narrowness[index] * squared)
            values[seen.within(window)] += np.maximum(profile, 0).astype(np.int16)[seen.within(place)]


def _scramble(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return well-mixed numbers of whole numbers (the finalizer of SplitMix64, Steele et al. 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
