"""What every scene reader can be asked: size and kind of the scene, the pixels of a window, the cheap order."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from image_assets.errors import SourceError
from image_assets.tiles.geometry import Window

Pixels: TypeAlias = NDArray[Any]
"""Pixels of a tile or window: shape (rows, columns, channels), any whole or floating-point dtype."""


class Access(Enum):
    """How much of a scene must be decoded together, and so which tiles one task should read."""

    WINDOWS = "windows"
    """Any window for itself: tiled and uncompressed TIFF, generated scenes."""
    ROWS = "rows"
    """Whole rows, in any order: TIFF in compressed strips."""
    WHOLE = "whole"
    """From the top to the bottom: JPEG, PNG, TIFF in one compressed strip."""


@dataclass(frozen=True, slots=True)
class SceneInfo:
    """Size and kind of a scene.

    Attributes:
        width: Pixels.
        height: Pixels.
        channels: Values per pixel.
        dtype: Kind of the values, in the byte order of the machine.
        access: How much must be decoded together.
    """

    width: int
    height: int
    channels: int
    dtype: np.dtype[np.generic]
    access: Access


class SceneReader(Protocol):
    """An open scene. Not for several threads at once; a process opens its own."""

    def describe(self) -> SceneInfo:
        """Return size and kind, without decoding pixels."""
        ...

    def read_window(self, x0: int, y0: int, width: int, height: int) -> Pixels:
        """Return the pixels of a window within the scene, shape (height, width, channels).

        Args:
            x0: Leftmost column.
            y0: Topmost row.
            width: Columns.
            height: Rows.

        Raises:
            SourceError: The window is not within the scene, or the file is damaged.
        """
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def checked_window(info: SceneInfo, x0: int, y0: int, width: int, height: int) -> Window:
    """Return the window, after checking that it lies within the scene.

    Raises:
        SourceError: It does not.
    """
    window = Window(x0, y0, width, height)
    if width < 1 or height < 1 or window.intersection(Window(0, 0, info.width, info.height)) != window:
        raise SourceError(
            f"window {tuple(window)} (left, top, width, height) is not within the scene of {info.width} x "
            f"{info.height} pixels; read tiles of a grid made from the scene's own size"
        )
    return window


def require_memory(name: str, n_bytes: int, limit_bytes: int) -> None:
    """Check that what must be decoded as a whole may be.

    Raises:
        SourceError: It is larger than the limit.
    """
    if n_bytes > limit_bytes:
        raise SourceError(
            f"{name} can only be decoded as a whole: {n_bytes:,} bytes, more than the {limit_bytes:,} allowed; convert "
            f"it to a tiled TIFF, or set IMAGE_ASSETS_SCENES_DECODE_MIB to {-(-n_bytes >> 20)} or more"
        )
