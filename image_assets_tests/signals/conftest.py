"""The zebrafish recording of the reference, and the three voxels whose values it lists."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from image_assets.signals.layouts import open_recording
from image_assets_tests.shared import shared_path

VOXELS = ((0, 38, 43), (1, 33, 64), (1, 20, 50))


@pytest.fixture(scope="session")
def frames() -> NDArray[np.uint8]:
    """The 20 TIFFs, [t, z, y, x]."""
    return open_recording(shared_path("data", "zebrafish", "tif-stack")).volumes(0, 20)


@pytest.fixture(scope="session")
def long_frames() -> NDArray[np.uint8]:
    """The 240 frames, [t, z, y, x]."""
    array: NDArray[np.uint8] = np.load(shared_path("data", "zebrafish", "recording_240.npy"))
    return array


def at_voxels(volume: NDArray[Any]) -> NDArray[Any]:
    """Return the values of a volume [z, y, x, ...] at the three voxels of the reference."""
    values: NDArray[Any] = volume[tuple(np.array(VOXELS).T)]
    return values
