"""Which recordings a source holds, by the keys of their partitions."""

import re
from pathlib import Path

from image_assets.errors import SourceError
from image_assets.signals.layouts import list_recordings

# Dagster reads `a...b` as a range of partitions and `a,b` as a list.
_FORBIDDEN = ("...", ",")


def find_recordings(root: Path) -> dict[str, Path]:
    """Find the recordings directly in a folder.

    Args:
        root: the folder.

    Returns:
        Path by key, in natural order; the key is the name of the folder, or of the file without its suffix, with each
        run of white space as one `_`.

    Raises:
        SourceError: if the root is no folder or holds no recording, or a name cannot be a key.
    """
    found: dict[str, Path] = {}
    for name, path in list_recordings(root).items():
        key = re.sub(r"\s+", "_", name)
        problem = _problem(key) or ("another recording has this name" if key in found else None)
        if problem:
            raise SourceError(f"{path} cannot name a recording because {problem}: rename it")
        found[key] = path
    if not found:
        raise SourceError(
            f"{root} holds no recording: set IMAGE_ASSETS_RECORDINGS to a folder that holds a folder of TIFF or PNG "
            "volumes, a multi-page TIFF or an .npy array for each recording"
        )
    return found


def _problem(key: str) -> str | None:
    wrong = next((part for part in _FORBIDDEN if part in key), None)
    if wrong:
        return f"it contains {wrong!r}"
    return None if key.isprintable() else "it contains a control character"


def last_change(path: Path) -> float:
    """Return when a recording, or a file directly in it, was last changed: seconds since the epoch."""
    files = [path, *(path.iterdir() if path.is_dir() else ())]
    return float(max(file.stat().st_mtime for file in files))
