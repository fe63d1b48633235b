"""Where tests find the pictures, recordings and weights that live beside the checkout and are never part of it."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def shared_path(*parts: str) -> Path:
    """Return a path below the shared test data, or skip the test where it is absent."""
    root = Path(os.environ.get("IMAGE_ASSETS_SHARED", REPOSITORY.parent / "shared"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is absent: set IMAGE_ASSETS_SHARED to a folder that holds the shared test data")
    return path
