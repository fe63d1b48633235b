"""Folders and buckets of pictures: which classes there are, which files a class has, and the bytes of a file.

A class is a folder that directly contains pictures. Listings are per class, so that no call returns more than one
class holds. A source is a plain value that pickles to Spark executors.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from image_assets.errors import SourceError
from image_assets.s3.connection import SCHEME, S3Connection, split_address, standard_connection
from image_assets.vision.labels import class_key

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
LISTINGS_AT_ONCE = 8
"""Of folders of a bucket."""
SOURCE_REMEDY = "set IMAGE_ASSETS_SOURCE to a folder that holds a folder of pictures per class"


@dataclass(frozen=True, order=True)
class ImageFile:
    """A picture as its listing describes it.

    Attributes:
        path: relative to the source root, /-separated.
        size: bytes.
        modified_us: modification time in microseconds since the epoch.
    """

    path: str
    size: int
    modified_us: int


@dataclass(frozen=True)
class FolderPage:
    """A part of what is directly in a folder.

    Attributes:
        files: pictures, sorted by name from page to page.
        folders: paths relative to the source root; hidden folders are left out.
    """

    files: Iterable[ImageFile]
    folders: Sequence[str]


class ImageSource(Protocol):
    """Where pictures come from."""

    @property
    def address(self) -> str:
        """The folder or s3:// address, for people."""

    def check(self) -> None:
        """Raise a SourceError or S3Error if there is no such source, or it lets nobody in."""

    def look_into(self, folder: str) -> Iterator[FolderPage]:
        """Yield what is directly in a folder, a page at a time."""

    def class_folders(self) -> dict[str, list[str]]:
        """Return the folders (relative, sorted) of each class, by partition key, sorted."""

    def files(self, folder: str) -> Iterator[ImageFile]:
        """List the pictures directly in a folder, sorted by name."""

    def read(self, path: str) -> bytes:
        """Return the content of a file; OSError says why it cannot be read."""

    def read_many(self, paths: Sequence[str]) -> Iterator[bytes | OSError]:
        """Return the content of each file in order, or why it cannot be read."""


def is_image(name: str) -> bool:
    """Whether a file name has the suffix of a format that is read."""
    stem, _, suffix = name.rpartition(".")
    return bool(stem) and f".{suffix.lower()}" in IMAGE_SUFFIXES and not name.startswith(".")


def group_by_class(folders: list[str], root_name: str) -> dict[str, list[str]]:
    """Group folders by the class they hold; pictures at the root itself are of a class named like the root."""
    classes: dict[str, list[str]] = {}
    for folder in sorted(folders):
        classes.setdefault(class_key(folder.rsplit("/", 1)[-1] or root_name), []).append(folder)
    return dict(sorted(classes.items()))


def folders_of_classes(source: ImageSource) -> dict[str, list[str]]:
    """Return the folders of each class of a source that has at least one.

    Raises:
        SourceError: it has none, or cannot be listed.
    """
    folders = source.class_folders()
    if not folders:
        raise SourceError(f"the source {source.address} holds no folder with pictures: {SOURCE_REMEDY}")
    return folders


def check_folders(key: str, folders: list[str]) -> None:
    """Refuse a class whose folders have different names that become one key: they are two classes.

    Raises:
        SourceError: naming the folders.
    """
    names = sorted({folder.rsplit("/", 1)[-1] for folder in folders})
    if len(names) > 1:
        raise SourceError(
            f"the folders {', '.join(map(repr, names))} would all be the class {key!r}: rename one of them, or move "
            "the pictures of one into the other"
        )


@dataclass(frozen=True)
class LocalSource:
    """Pictures in a local folder. Links to folders are not followed; links to files only inside the root."""

    root: str

    @property
    def address(self) -> str:
        """The folder."""
        return self.root

    def check(self) -> None:
        """Raise a SourceError if the root is no folder."""
        if not Path(self.root).is_dir():
            raise SourceError(f"the source {self.root!r} is no folder: {SOURCE_REMEDY}")

    def class_folders(self) -> dict[str, list[str]]:
        """Find the folders that directly hold pictures, at any depth.

        Raises:
            SourceError: if the root is no folder, a folder cannot be listed, or one cannot be a class.
        """
        self.check()
        found = []
        for parent, folders, names in os.walk(self.root, onerror=_unlisted):
            folders[:] = [name for name in folders if not _is_left_out(name)]
            if any(is_image(name) for name in names):
                relative = os.path.relpath(parent, self.root)
                found.append("" if relative == "." else relative.replace(os.sep, "/"))
        return group_by_class(found, Path(self.root).name)

    def files(self, folder: str) -> Iterator[ImageFile]:
        """List the pictures of a folder; sizes and times are of what a link points to, 0 where that is gone."""
        for page in self.look_into(folder):
            yield from page.files

    def look_into(self, folder: str) -> Iterator[FolderPage]:
        """Yield what is directly in a folder, in one page."""
        before = f"{folder}/" if folder else ""
        with os.scandir(Path(self.root, folder)) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        folders = [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
        pictures = (entry for entry in found if is_image(entry.name) and not _is_folder(entry))
        yield FolderPage(
            (_described(before + entry.name, entry) for entry in pictures),
            [before + name for name in folders if not _is_left_out(name)],
        )

    def read(self, path: str) -> bytes:
        """Read a file.

        Raises:
            OSError: it is gone, unreadable, or leads out of the source.
        """
        location = Path(self.root, path)
        if ".." in location.parts or not location.is_relative_to(self.root):
            raise PermissionError("the path leads out of the source")
        if location.is_symlink() and not Path(os.path.realpath(location)).is_relative_to(os.path.realpath(self.root)):
            raise PermissionError("the link leads out of the source")
        if not location.is_file():  # a pipe or device would block for ever
            raise FileNotFoundError("no regular file")
        return location.read_bytes()

    def read_many(self, paths: Sequence[str]) -> Iterator[bytes | OSError]:
        """Read files one after the other: the content of each, or why it cannot be read."""
        for path in paths:
            try:
                yield self.read(path)
            except OSError as error:
                yield error


def _is_left_out(folder: str) -> bool:
    """Whether a folder is hidden, or the one that file systems keep at their root for root alone."""
    return folder.startswith(".") or folder == "lost+found"


def _described(path: str, entry: "os.DirEntry[str]") -> ImageFile:
    try:
        status = entry.stat()
    except OSError:
        return ImageFile(path, 0, 0)  # reading it will say why
    return ImageFile(path, status.st_size, status.st_mtime_ns // 1000)


def _unlisted(error: OSError) -> None:
    """Refuse a listing that would lack a folder; one that is gone by now is rightly not in it."""
    if not isinstance(error, FileNotFoundError):
        raise SourceError(
            f"the folder {error.filename!r} cannot be listed ({error.strerror}): let this user read it, or move it out "
            "of the source"
        ) from error


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle: reading it will say why
        return False


def open_source(address: str | Path, s3: S3Connection | None = None) -> ImageSource:
    """Return the source at a folder or an s3:// address.

    Args:
        address: path, or s3://bucket/prefix.
        s3: how S3 is reached; as the settings say by default.

    Raises:
        SourceError: if the address is of a kind that is not supported.
    """
    text = str(address)
    if text.startswith(SCHEME):
        from image_assets.vision.s3_source import S3Source

        split_address(text)
        return S3Source(text.rstrip("/"), standard_connection() if s3 is None else s3.resolved())
    if "://" in text:
        raise SourceError(f"the source {text!r} is not supported: use a local folder or s3://bucket/prefix")
    return LocalSource(str(Path(text).expanduser().absolute()))
