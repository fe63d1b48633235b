"""Many similar classes out of few: varieties of each class of photographs, which differ in hue and in shape.

A variety is a class of its own: all its pictures have their hue turned by the same share of the circle, and every other
variety is squeezed. Each picture is turned, made brighter or darker and at random mirrored besides, from its own seed,
so that the varieties of one class are photographs taken apart, not copies of each other.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from image_assets.vision.sources import open_source

QUALITY = 92
LARGEST_TURN_DEGREES = 15.0
LARGEST_CHANGE_OF_BRIGHTNESS = 0.1
SQUEEZED = 0.85
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class _Copy:
    """One picture to be made: from a file, of a variety out of so many, into a file."""

    source: Path
    target: Path
    variety: int
    varieties: int


def grow_varieties(source: Path, destination: Path, *, classes: int, varieties: int, test_share: float) -> Path:
    """Make a folder of pictures with `classes` classes, up to `varieties` of each class of the source.

    Args:
        source: folder with Training and Test, a folder per class in each.
        destination: the folder to make; what is there already is taken as it is.
        classes: how many the result has.
        varieties: of each class of the source; the last class has fewer if `classes` asks for fewer.
        test_share: of the test pictures that are used, every k-th.
    """
    if destination.exists():
        return destination
    draft = destination.with_name(f"{destination.name}.draft")
    copies = list(_copies(source, draft, classes, varieties, test_share))
    for folder in {copy.target.parent for copy in copies}:
        folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(_make, copies, chunksize=256):
            pass
    draft.rename(destination)
    return destination


def _copies(source: Path, draft: Path, classes: int, varieties: int, test_share: float) -> Iterator[_Copy]:
    images = open_source(source)
    made = 0
    for folders in images.class_folders().values():
        for variety in range(min(varieties, classes - made)):
            made += 1
            for folder in folders:
                files = [file.path for file in images.files(folder)]
                step = round(1 / test_share) if "Test" in Path(folder).parts else 1
                for path in files[::step]:
                    place = Path(path)
                    target = draft / place.parent.with_name(f"{place.parent.name} variety {variety}") / place.name
                    yield _Copy(source / place, target, variety, varieties)


def _make(copy: _Copy) -> None:
    seed = hashlib.sha256(f"{copy.source.parent.name}/{copy.source.name} {copy.variety}".encode()).digest()
    rng = np.random.default_rng(np.frombuffer(seed, np.uint32))
    with Image.open(copy.source) as opened:
        picture = opened.convert("RGB")
    hue, saturation, value = picture.convert("HSV").split()
    shift = 256 * copy.variety // copy.varieties
    picture = Image.merge("HSV", (hue.point(lambda h: (h + shift) % 256), saturation, value)).convert("RGB")
    if copy.variety % 2:
        width, height = picture.size
        picture = ImageOps.pad(picture.resize((round(SQUEEZED * width), height)), (width, height), color=WHITE)
    turn = float(rng.uniform(-LARGEST_TURN_DEGREES, LARGEST_TURN_DEGREES))
    picture = picture.rotate(turn, Image.Resampling.BICUBIC, fillcolor=WHITE)
    if rng.random() < 0.5:
        picture = ImageOps.mirror(picture)
    brightness = 1 + float(rng.uniform(-LARGEST_CHANGE_OF_BRIGHTNESS, LARGEST_CHANGE_OF_BRIGHTNESS))
    ImageEnhance.Brightness(picture).enhance(brightness).save(copy.target, "JPEG", quality=QUALITY)
