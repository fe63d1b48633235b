"""The sample of `data/fruits`: eight classes of drawn fruits, in the layout and with the faults of real collections.

`python -m image_assets.sample_data.fruits data/fruits` writes the same files again. Among the pictures are a
grey, a transparent, a palette and a CMYK one, and three files that no decoder can read. How a fruit is drawn is
in `photographs`.
"""

import argparse
import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from image_assets.sample_data.fruit_models import FRUITS
from image_assets.sample_data.photographs import photograph

SEED = 20_261_121
TRAINING_PICTURES = 20
TEST_PICTURES = 8

_JPEG_QUALITY = 88
_LOGGER = logging.getLogger(__name__)


def sample_files() -> Iterator[tuple[str, bytes]]:
    """Yield the path (relative, `/`-separated) and the content of every file of the sample."""
    for name in FRUITS:
        _LOGGER.info("drawing %s", name)
        for number in range(TRAINING_PICTURES + TEST_PICTURES):
            yield sample_picture(name, number)
    yield "Training/Cherry/28_100.jpg", _truncated_jpeg()
    yield "Training/Strawberry/28_100.jpg", b""
    yield "Training/Apple Red 2/28_100.jpg", b"Placeholder: the photograph of this apple was never taken.\n"


def sample_picture(name: str, number: int) -> tuple[str, bytes]:
    """Draw one picture of a fruit; each has a seed of its own, so that it does not depend on the others.

    Args:
        name: Class, one of `FRUITS`.
        number: 0 to 19 for the training pictures, 20 to 27 for the test pictures.

    Returns:
        Path (relative, `/`-separated) and content of the file.
    """
    rng = np.random.default_rng([SEED, list(FRUITS).index(name), number])
    picture, coverage = photograph(FRUITS[name], rng)
    suffix, encode = ODD_PICTURES.get((name, number), ("jpg", _jpeg))
    split = "Training" if number < TRAINING_PICTURES else "Test"
    return f"{split}/{name}/{number}_100.{suffix}", encode(picture, coverage)


def write_sample(root: Path) -> None:
    """Write the sample into a folder, over files of the same names."""
    for path, content in sample_files():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _truncated_jpeg() -> bytes:
    _, content = sample_picture("Cherry", 0)
    return content[: len(content) // 2]


def _saved(image: Image.Image, file_format: str, **options: int | bool) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def _jpeg(picture: Image.Image, _: Image.Image) -> bytes:
    return _saved(picture, "JPEG", quality=_JPEG_QUALITY, optimize=True)


def _grey_jpeg(picture: Image.Image, _: Image.Image) -> bytes:
    return _saved(picture.convert("L"), "JPEG", quality=_JPEG_QUALITY, optimize=True)


def _cmyk_jpeg(picture: Image.Image, _: Image.Image) -> bytes:
    return _saved(picture.convert("CMYK"), "JPEG", quality=_JPEG_QUALITY, optimize=True)


def _cut_out_png(picture: Image.Image, coverage: Image.Image) -> bytes:
    cut_out = picture.copy()
    cut_out.putalpha(coverage)
    return _saved(cut_out, "PNG", optimize=True)


def _palette_gif(picture: Image.Image, _: Image.Image) -> bytes:
    return _saved(picture.quantize(64), "GIF")


ODD_PICTURES: dict[tuple[str, int], tuple[str, Callable[[Image.Image, Image.Image], bytes]]] = {
    ("Pear", 4): ("jpg", _grey_jpeg),
    ("Banana", 7): ("png", _cut_out_png),
    ("Kiwi", 3): ("gif", _palette_gif),
    ("Orange", 5): ("jpg", _cmyk_jpeg),
}


def main() -> None:
    """Write the sample into the folder that is named on the command line."""
    parser = argparse.ArgumentParser(description="Draw the sample fruits.")
    parser.add_argument("folder", type=Path, help="folder to write to, such as data/fruits")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    write_sample(parser.parse_args().folder)


if __name__ == "__main__":
    main()
