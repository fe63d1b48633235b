"""Which recordings a source holds, by the keys of their partitions."""

import re
from pathlib import Path

from image_assets.errors import SourceError
from image_assets.signals.layouts import list_recordings
from image_assets.vision.labels import problem_of_key

SIDECAR = "recording.json"


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
        problem = problem_of_key(key) or ("is that of another recording" if key in found else None)
        if problem:
            raise SourceError(f"{path} cannot name a recording because its name {problem}: rename it")
        found[key] = path
    if not found:
        raise SourceError(
            f"{root} holds no recording: set IMAGE_ASSETS_RECORDINGS to a folder that holds a folder of TIFF or PNG "
            "volumes, a multi-page TIFF or an .npy array for each recording"
        )
    return found


def sidecar_file(path: Path) -> Path:
    """Return where a recording, a folder or a file, says something of itself."""
    return path / SIDECAR if path.is_dir() else path.with_suffix(".json")


def last_change(path: Path) -> float:
    """Return when a recording, a file directly in it or its sidecar was last changed: seconds since the epoch."""
    files = [path, *(path.iterdir() if path.is_dir() else filter(Path.is_file, [sidecar_file(path)]))]
    return float(max(file.stat().st_mtime for file in files))
