"""What one source tile gives to one target tile, and its bytes for the shuffle.

A contribution is a tuple of patches: pixels and the place in the scene that they belong to. All strategies and all
reconstructions speak of nothing else, so that the shuffle between two stages has one format: a target's key and
bytes.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from image_assets.errors import ImageAssetsError
from image_assets.tiles.codec import decode_pixels, encoded_parts
from image_assets.tiles.geometry import Window
from image_assets.tiles.scene import Pixels

_PATCH = struct.Struct("<qqIIQ")


class ReconstructionError(ImageAssetsError):
    """A target tile cannot be reconstructed from the contributions that arrived."""


class Patch(NamedTuple):
    """Pixels of shape (rows, columns, channels) and the window of the scene that they cover."""

    window: Window
    pixels: Pixels


Contribution: TypeAlias = tuple[Patch, ...]


def contribution_parts(contribution: Contribution) -> Iterator[bytes | memoryview]:
    """Yield a contribution's bytes in parts: uncompressed, since they are read again at once, and without a copy."""
    for patch in contribution:
        header, values = encoded_parts(patch.pixels, "raw")
        yield _PATCH.pack(*patch.window, len(header) + len(values)) + header
        yield values


def decode_contribution(payload: bytes | memoryview) -> Contribution:
    """Return the contribution that `contribution_parts` was given; its arrays may be read-only.

    Raises:
        SourceError: The bytes are damaged.
    """
    view, patches, start = memoryview(payload), [], 0
    while start < len(view):
        *window, length = _PATCH.unpack_from(view, start)
        start += _PATCH.size
        patches.append(Patch(Window(*window), decode_pixels(view[start : start + length])))
        start += length
    return tuple(patches)
