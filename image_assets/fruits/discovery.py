"""What is new in a source of pictures since one looked last: new, changed and vanished classes.

A class is known by a fingerprint of its listing: names, sizes and times of its pictures. On a local disk a folder that
was not touched is not listed again: its own time of change tells of files that came, went or were renamed. A file that
was overwritten in place does not touch its folder, and is found by the full listing that is made now and then. Object
stores have no such times: there, each look lists every class.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2s
from pathlib import Path

from image_assets.vision.sources import ImageFile, ImageSource, LocalSource, group_by_class

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
class SeenClass:
    """A class as the folders of today make it."""

    fingerprint: str
    pictures: int
    newest: float


@dataclass(frozen=True)
class KnownClass:
    """What is remembered of a class.

    Attributes:
        fingerprint: that was seen last.
        since: when it was first seen so.
        done: fingerprint for which a run was asked for; empty if there was none yet.
        vanished: whether the class was gone at the last look.
    """

    fingerprint: str
    since: float
    done: str = ""
    vanished: bool = False


@dataclass(frozen=True)
class Memory:
    """What is remembered from one look to the next; small: a line per folder and class.

    Attributes:
        source: address that the rest is about.
        folders: by path relative to the source.
        classes: by partition key.
        full_at: time of the last full listing.
    """

    source: str
    folders: Mapping[str, Folder] = field(default_factory=dict)
    classes: Mapping[str, KnownClass] = field(default_factory=dict)
    full_at: float = 0.0

    def to_json(self) -> str:
        """Write the memory as the cursor of a sensor."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None, source: str) -> "Memory":
        """Read what `to_json` wrote; another source, or none, is an empty memory."""
        found = json.loads(text) if text else {}
        if found.get("source") != source:
            return cls(source)
        folders = {
            name: Folder(**{**row, "subfolders": tuple(row["subfolders"])}) for name, row in found["folders"].items()
        }
        classes = {name: KnownClass(**row) for name, row in found["classes"].items()}
        return cls(source, folders, classes, found["full_at"])


@dataclass(frozen=True)
class Look:
    """What one look at the source has found.

    Attributes:
        ready: changed classes that have come to rest, with the number of their pictures.
        settling: changed classes that may still be being copied.
        vanished: classes that are gone since the last look.
        classes: all that there are.
        listed: folders that were listed; the others were known to be unchanged.
        memory: for the next look.
    """

    ready: Mapping[str, int]
    settling: tuple[str, ...]
    vanished: tuple[str, ...]
    classes: tuple[str, ...]
    listed: int
    memory: Memory

    def done(self) -> Memory:
        """Return the memory after a run was asked for the classes that are ready."""
        classes = {
            name: replace(known, done=known.fingerprint) if name in self.ready else known
            for name, known in self.memory.classes.items()
        }
        return replace(self.memory, classes=classes)


def look(source: ImageSource, memory: Memory, now: float, *, settle_seconds: float, full_every_seconds: float) -> Look:
    """Look at a source.

    Args:
        source: of pictures.
        memory: of the look before this one.
        now: seconds since the epoch.
        settle_seconds: how long a class must have been at rest before it is ready.
        full_every_seconds: time between two listings of every folder.

    Raises:
        SourceError: if the source cannot be listed.
    """
    full = now - memory.full_at >= full_every_seconds
    folders, listed = list_folders(source, {} if full else memory.folders, now)
    seen = classes_of(source, folders)
    known = {name: _remember(memory.classes.get(name), found, now) for name, found in seen.items()}
    changed = [name for name, state in known.items() if state.done != state.fingerprint]
    resting = {
        name: seen[name].pictures
        for name in changed
        if now - seen[name].newest >= settle_seconds or now - known[name].since >= settle_seconds
    }
    gone = {name: state for name, state in memory.classes.items() if name not in seen}
    return Look(
        ready=resting,
        settling=tuple(name for name in changed if name not in resting),
        vanished=tuple(name for name, state in gone.items() if not state.vanished),
        classes=tuple(seen),
        listed=listed,
        memory=Memory(
            source.address,
            folders,
            {**known, **{name: KnownClass("", now, vanished=True) for name in gone}},
            now if full else memory.full_at,
        ),
    )


def list_folders(source: ImageSource, known: Mapping[str, Folder], now: float) -> tuple[dict[str, Folder], int]:
    """Return every folder of a source, those that are known to be unchanged as they are, and how many were listed."""
    if not isinstance(source, LocalSource):
        names = [name for folders in source.class_folders().values() for name in folders]
        return {name: summary(source.files(name)) for name in names}, len(names)
    if not Path(source.root).is_dir():
        source.class_folders()  # says what is wrong
    found: dict[str, Folder] = {}
    waiting, listed = [""], 0
    while waiting:
        name = waiting.pop()
        path = Path(source.root, name)
        touched = path.stat().st_mtime_ns
        folder = known.get(name)
        if folder is None or not folder.steady or folder.touched_ns != touched:
            folder = _listed(source, name, touched, now)
            listed += 1
        found[name] = folder
        waiting += folder.subfolders
    return found, listed


def _listed(source: LocalSource, name: str, touched_ns: int, now: float) -> Folder:
    with os.scandir(Path(source.root, name)) as entries:
        inside = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    pictures = summary(source.files(name))
    return replace(
        pictures,
        newest=max(pictures.newest, touched_ns / 1e9),
        touched_ns=touched_ns,
        steady=now - touched_ns / 1e9 > STEADY_SECONDS,
        subfolders=tuple(f"{name}/{child}" if name else child for child in inside if not child.startswith(".")),
    )


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


def classes_of(source: ImageSource, folders: Mapping[str, Folder]) -> dict[str, SeenClass]:
    """Gather folders with pictures into classes."""
    groups = group_by_class([name for name, folder in folders.items() if folder.pictures], Path(source.address).name)
    found = {}
    for key, names in groups.items():
        parts = [folders[name] for name in names]
        text = "\n".join(f"{name}\0{part.fingerprint}" for name, part in zip(names, parts, strict=True))
        digest = blake2s(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()
        found[key] = SeenClass(digest, sum(part.pictures for part in parts), max(part.newest for part in parts))
    return found


def _remember(before: KnownClass | None, seen: SeenClass, now: float) -> KnownClass:
    if before is None:
        return KnownClass(seen.fingerprint, now)
    since = before.since if before.fingerprint == seen.fingerprint else now
    return KnownClass(seen.fingerprint, since, before.done)
