"""What the path of a picture says about it: its class (the partition key), its label and its split.

Names of folders only: nothing here opens a file.
"""

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath
from typing import Literal

from image_assets.errors import SourceError

Split = Literal["training", "test"]

TEST_FRACTION = 0.2

# Dagster reads `a...b` as a range of partitions and `a,b` as a list; `/` would make a partition two folders.
_FORBIDDEN_IN_KEYS = ("...", ",", "/")
_UNSAFE_CATEGORIES = {"Cc": "a control character", "Cs": "bytes that are not UTF-8"}
_SPLIT_FOLDERS: dict[str, Split] = {
    "training": "training",
    "train": "training",
    "test": "test",
    "validation": "test",
}


def class_key(folder_name: str) -> str:
    """Return the partition key of a class: the name of its folder with each run of white space as one `_`.

    Args:
        folder_name: Name of the folder that directly contains the pictures, such as `Apple Red 1`.

    Returns:
        A key that is safe as a Dagster partition key and as one component of a path, such as `Apple_Red_1`.

    Raises:
        SourceError: The name cannot become such a key.
    """
    key = re.sub(r"\s+", "_", folder_name)
    problem = problem_of_key(key)
    if problem:
        raise SourceError(
            f"The folder {folder_name!r} cannot name a class because it {problem}: rename the folder, "
            "or choose a source without it."
        )
    return key


def label_of(class_key: str) -> str:
    """Return the label of a class: its key up to the last letter, so that varieties share a label.

    `Cherry_1` becomes `Cherry`, `tomate-3` becomes `tomate`. Letters are those of Unicode with their
    combining marks (a decomposed `é`, the vowel signs of Devanagari). A key without letters is its own label.
    """
    for end in range(len(class_key), 0, -1):
        if unicodedata.category(class_key[end - 1])[0] in "LM":
            return class_key[:end]
    return class_key


def split_of(relative_path: str, content_sha256: str | None) -> Split:
    """Return the side of the train/test split that a picture is on.

    A folder named Training, Train, Test or Validation (any case; Validation counts as test) above the class
    folder decides; the one nearest to the class where there are several. The class folder itself never does.
    Without such a folder the content digest puts 80 % on the training side, so that copies of a picture
    always stand together. A file without digest (it could not be read) is placed by the digest of its path.

    Args:
        relative_path: Path of the picture relative to the source root, `/`-separated.
        content_sha256: SHA-256 of its content in hexadecimal, or None.
    """
    for folder in reversed(PurePosixPath(relative_path).parts[:-2]):
        split = _SPLIT_FOLDERS.get(folder.casefold())
        if split:
            return split
    digest = content_sha256 or hashlib.sha256(relative_path.encode("utf-8", "surrogateescape")).hexdigest()
    return "test" if int(digest[:8], 16) < TEST_FRACTION * 2**32 else "training"


def problem_of_key(key: str) -> str | None:
    """Say why a text cannot be a partition key and one component of a path; None if it can."""
    if key in {"", ".", ".."}:
        return "is empty or means a folder itself"
    for text in _FORBIDDEN_IN_KEYS:
        if text in key:
            return f"contains {text!r}"
    for character in key:
        unsafe = _UNSAFE_CATEGORIES.get(unicodedata.category(character))
        if unsafe:
            return f"contains {unsafe}"
    return None
