"""How recordings are stored: a folder of volumes, one multi-page file, an .npy array, flat binary records."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from image_assets.errors import SourceError
from image_assets.signals.arrays import Block
from image_assets.signals.decoding import open_pages, read_volume
from image_assets.signals.errors import VolumeError
from image_assets.signals.flat_records import DESCRIPTION, FlatRecords
from image_assets.signals.recording import Frame, Layout, Recording

IMAGE_SUFFIXES = frozenset({".tif", ".tiff", ".png"})


@dataclass(frozen=True)
class VolumeFolder:
    """A folder with one file per time point, in natural order (2 before 10); the pages of a file are its planes."""

    folder: Path
    names: tuple[str, ...]

    def frames(self) -> tuple[Frame, ...]:
        """List the files by their headers."""
        return tuple(self._frame(t, name) for t, name in enumerate(self.names))

    @contextmanager
    def reader(self) -> Iterator[Callable[[int], Block]]:
        """Return the function from a time to its volume."""
        yield lambda t: read_volume(self.folder / self.names[t])

    def _frame(self, t: int, name: str) -> Frame:
        try:
            with open_pages(self.folder / name) as pages:
                found = pages.describe()
        except VolumeError as error:
            return Frame(t, name, None, None, str(error))
        return Frame(t, name, (found.count, *found.shape), found.dtype)


@dataclass(frozen=True)
class PagedFile:
    """One file with all pages of a recording: `n_planes` pages per time point, plane by plane."""

    path: Path
    n_planes: int = 1

    def frames(self) -> tuple[Frame, ...]:
        """List the time points by the header of the first page.

        Raises:
            SourceError: If the file cannot be opened, or its pages are no whole number of volumes.
        """
        try:
            with open_pages(self.path) as pages:
                found = pages.describe()
        except VolumeError as error:
            raise SourceError(f"{self.path}: {error}") from error
        n_times, rest = divmod(found.count, self.n_planes)
        if rest:
            raise SourceError(f"{self.path} has {found.count} pages, no whole number of volumes of {self.n_planes}")
        shape = (self.n_planes, *found.shape)
        return tuple(Frame(t, f"{self.path.name}#{t * self.n_planes}", shape, found.dtype) for t in range(n_times))

    @contextmanager
    def reader(self) -> Iterator[Callable[[int], Block]]:
        """Return the function from a time to its volume, reading from the open file."""
        with open_pages(self.path) as pages:
            yield lambda t: pages.read(t * self.n_planes, (t + 1) * self.n_planes)


@dataclass(frozen=True)
class ArrayFile:
    """An .npy array [t, z, y, x], or [t, y, x] for one plane."""

    path: Path

    def frames(self) -> tuple[Frame, ...]:
        """List the time points by the header of the file.

        Raises:
            SourceError: If it is no numeric array of 3 or 4 axes.
        """
        array = self._array()
        return tuple(Frame(t, f"{self.path.name}[{t}]", array.shape[1:], array.dtype.name) for t in range(len(array)))

    @contextmanager
    def reader(self) -> Iterator[Callable[[int], Block]]:
        """Return the function from a time to its volume, reading from the mapped file."""
        array = self._array()
        native = array.dtype.newbyteorder("=")
        yield lambda t: np.array(array[t], dtype=native)

    def _array(self) -> Block:
        try:
            array: Block = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise SourceError(f"{self.path} is no readable .npy array: {error}") from error
        if array.ndim not in {3, 4} or array.dtype.kind not in "iuf":
            raise SourceError(
                f"{self.path} holds {array.dtype} of shape {array.shape}: expected numbers [t, z, y, x] or [t, y, x]"
            )
        return array if array.ndim == 4 else array[:, np.newaxis]


def open_recording(path: Path, n_planes: int = 1) -> Recording:
    """Describe the recording at a path, without reading its volumes.

    Args:
        path: A folder of TIFF or PNG volumes, a folder of flat binary records with `conf.json`, a multi-page TIFF, or
            an .npy array.
        n_planes: Pages per volume of a multi-page file; the other layouts know it.

    Returns:
        The recording; frames that cannot be read or deviate carry the reason.

    Raises:
        SourceError: If nothing there is a recording.
    """
    return Recording.describe(str(path), _layout(Path(path), n_planes))


def list_recordings(root: Path) -> dict[str, Path]:
    """Find the recordings directly in a folder: folders, multi-page files and .npy arrays, hidden ones left out.

    Args:
        root: The folder.

    Returns:
        Path by name, in natural order; the name is that of the folder, or of the file without its suffix.

    Raises:
        SourceError: If the root is no folder, or two recordings have the same name.
    """
    if not root.is_dir():
        raise SourceError(f"{root} is no folder of recordings")
    found: dict[str, Path] = {}
    for path in sorted(root.iterdir(), key=lambda child: natural_key(child.name)):
        if path.name.startswith(".") or not (path.is_dir() or path.suffix.lower() in {*IMAGE_SUFFIXES, ".npy"}):
            continue
        name = path.name if path.is_dir() else path.stem
        if name in found:
            raise SourceError(f"{found[name]} and {path} would both be the recording {name!r}: rename one of them")
        found[name] = path
    return found


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return the sort key under which numbers in names count as numbers: time2 comes before time10."""
    parts = re.split(r"(\d+)", name)
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in parts if part)


def _layout(path: Path, n_planes: int) -> Layout:
    if path.is_dir():
        if (path / DESCRIPTION).exists():
            return FlatRecords.from_folder(path)
        names = (child.name for child in path.iterdir() if child.is_file() and _is_volume(child))
        return VolumeFolder(path, tuple(sorted(names, key=natural_key)))
    if not path.exists():
        raise SourceError(f"recording {path} does not exist")
    if path.suffix.lower() == ".npy":
        return ArrayFile(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return PagedFile(path, n_planes)
    raise SourceError(f"{path} is no recording: expected a folder, {', '.join(sorted(IMAGE_SUFFIXES))} or .npy")


def _is_volume(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
