"""Copies of a part of a source, so that every contestant sees the same files in a folder of its own."""

import shutil
from pathlib import Path

from image_assets.vision.sources import open_source

FEWEST_CLASSES = 3


def copy_photographs(source: Path, n_images: int, destination: Path) -> Path:
    """Copy whole classes, as many as it takes, and of them every k-th file, so that each split keeps its share.

    Args:
        source: a folder of pictures, a folder per class.
        n_images: how many; at least three classes share them. All of the source if it has fewer.
        destination: the folder to make; what is there already is taken as it is.

    Returns:
        The destination, with paths relative to it as they were.
    """
    if destination.exists():
        return destination
    images = open_source(source)
    chosen: list[str] = []
    for number, folders in enumerate(images.class_folders().values()):
        if number >= FEWEST_CLASSES and len(chosen) >= n_images:
            break
        chosen += [file.path for folder in folders for file in images.files(folder)]
    n_images = min(n_images, len(chosen))
    draft = destination.with_name(f"{destination.name}.draft")
    for path in (chosen[index * len(chosen) // n_images] for index in range(n_images)):
        target = draft / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target)
    draft.rename(destination)
    return destination
