"""The folders of a source as their listings describe them: what their pictures are known by, and what is below them.

On a local disk a folder that was not touched is not listed again: its own time of change tells of files that came, went
or were renamed. Object stores have no such times: there, every folder is listed, several at once, while there is time.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2s
from pathlib import Path

from image_assets.vision.sources import LISTINGS_AT_ONCE, ImageFile, ImageSource, LocalSource

STEADY_SECONDS = 2.0
"""A folder that was listed this soon after its last change may have changed once more within the clock's tick."""


@dataclass(frozen=True)
class Folder:
    """A folder as it was listed last.

    Attributes:
        fingerprint: of its pictures; empty if it has none.
        pictures: how many it has.
        newest: time of the latest change of the folder or of a picture in it, seconds since the epoch.
        touched_ns: time of change of the folder itself; 0 where that is unknown.
        steady: whether that time can be trusted to tell of the next change.
        subfolders: paths relative to the source.
    """

    fingerprint: str
    pictures: int
    newest: float
    touched_ns: int = 0
    steady: bool = False
    subfolders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """The folders of a source.

    Attributes:
        folders: by path relative to the source.
        listed: how many of them were listed; the others were known.
        goes_on: the first folder that there was no time for; None if nothing is missing.
    """

    folders: Mapping[str, Folder]
    listed: int
    goes_on: str | None = None


def list_folders(source: LocalSource, known: Mapping[str, Folder], now: float) -> Listing:
    """Return every folder of a local source, those that are known to be unchanged as they are.

    Args:
        source: of pictures.
        known: folders of an earlier listing.
        now: seconds since the epoch.

    Raises:
        SourceError: if the source is no folder.
        OSError: if a folder cannot be listed.
    """
    source.check()
    found: dict[str, Folder] = {}
    waiting, listed = [""], 0
    while waiting:
        name = waiting.pop()
        touched = Path(source.root, name).stat().st_mtime_ns
        folder = known.get(name)
        if folder is None or not folder.steady or folder.touched_ns != touched:
            folder = _listed(source, name)
            newest, steady = max(folder.newest, touched / 1e9), now - touched / 1e9 > STEADY_SECONDS
            folder = replace(folder, newest=newest, touched_ns=touched, steady=steady)
            listed += 1
        found[name] = folder
        waiting += folder.subfolders
    return Listing(found, listed)


def list_bucket(source: ImageSource, known: Mapping[str, Folder], seconds: float) -> Listing:
    """Return the folders of a source without times of folders, several listed at once.

    Args:
        source: of pictures.
        known: what a listing that ran out of time has found; these are not listed again.
        seconds: after which no further folder is listed; a few always are, so that listings get on.

    Raises:
        S3Error: if S3 refuses or does not answer.
    """
    source.check()
    deadline = time.monotonic() + seconds

    def in_time(numbered: tuple[int, str]) -> Folder | None:
        number, name = numbered
        return _listed(source, name) if number < LISTINGS_AT_ONCE or time.monotonic() < deadline else None

    found: dict[str, Folder] = {}
    missing: list[str] = []
    level, listed = [""], 0
    with ThreadPoolExecutor(LISTINGS_AT_ONCE) as pool:
        while level:
            new = [name for name in level if name not in known]
            answers = dict(zip(new, pool.map(in_time, enumerate(new, listed)), strict=True))
            reached = {name: folder for name, folder in answers.items() if folder is not None}
            found |= reached | {name: known[name] for name in level if name in known}
            missing += [name for name in new if name not in reached]
            listed += len(reached)
            level = [child for name in level if name in found for child in found[name].subfolders]
    return Listing(found, listed, missing[0] if missing else None)


def _listed(source: ImageSource, name: str) -> Folder:
    below: list[str] = []

    def files() -> Iterator[ImageFile]:
        for page in source.look_into(name):
            below.extend(page.folders)
            yield from page.files

    return replace(summary(files()), subfolders=tuple(below))


def summary(files: Iterable[ImageFile]) -> Folder:
    """Return the fingerprint of a listing."""
    digest, count, newest = blake2s(digest_size=10), 0, 0
    for file in files:
        digest.update(f"{file.path}\0{file.size}\0{file.modified_us}\n".encode("utf-8", "surrogateescape"))
        count += 1
        newest = max(newest, file.modified_us)
    return Folder(digest.hexdigest() if count else "", count, newest / 1e6)


def listing_fingerprint(source: ImageSource, folders: Mapping[str, Sequence[str]], seconds: float) -> str:
    """Return a digest of names, sizes and times of all pictures of some classes; empty if it takes too long.

    Args:
        source: of the pictures.
        folders: of each class.
        seconds: that the listings may take.

    Raises:
        OSError: if a folder cannot be listed.
    """
    digest, deadline = blake2s(digest_size=10), time.monotonic() + seconds
    for name, places in folders.items():
        for place in places:
            if time.monotonic() > deadline:
                return ""
            text = f"{name}\0{place}\0{summary(source.files(place)).fingerprint}\n"
            digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
