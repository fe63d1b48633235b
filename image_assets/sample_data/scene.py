"""The sample of `data/scenes`: a large table with fruits on it, as one tiled TIFF.

`python -m image_assets.sample_data.scene data/scenes` writes the same file again. Small enough for a repository, large
enough for several tiles, the last of each row and column smaller than the others.
"""

import argparse
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from image_assets.sample_data.fruit_models import FRUITS
from image_assets.sample_data.photographs import PICTURE_SIZE, photograph

SEED = 20_261_122
NAME = "fruit_table.tif"
WIDTH, HEIGHT = 1900, 1400
CELL = 150
_TIFF_TILE = 256
_QUALITY = 80
_CLOTH = (236, 233, 226)


def sample_scene() -> NDArray[np.uint8]:
    """Draw the table, uint8 of shape (1400, 1900, 3)."""
    rng = np.random.default_rng(SEED)
    table = Image.new("RGB", (WIDTH, HEIGHT), _CLOTH)
    names = list(FRUITS)
    for top in range(0, HEIGHT - PICTURE_SIZE, CELL):
        for left in range(0, WIDTH - PICTURE_SIZE, CELL):
            picture, coverage = photograph(FRUITS[names[int(rng.integers(len(names)))]], rng)
            place = (left + int(rng.integers(CELL - PICTURE_SIZE)), top + int(rng.integers(CELL - PICTURE_SIZE)))
            table.paste(picture, place, coverage)
    return np.asarray(table)


def write_sample(folder: Path) -> Path:
    """Write the scene into a folder and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    tifffile.imwrite(
        path,
        sample_scene(),
        tile=(_TIFF_TILE, _TIFF_TILE),
        photometric="rgb",
        compression="jpeg",
        compressionargs={"level": _QUALITY},
        metadata=None,
        software=None,
    )
    return path


def main() -> None:
    """Write the scene into the folder that is named on the command line."""
    parser = argparse.ArgumentParser(description="Draw the sample scene.")
    parser.add_argument("folder", type=Path, help="folder to write to, such as data/scenes")
    write_sample(parser.parse_args().folder)


if __name__ == "__main__":
    main()
