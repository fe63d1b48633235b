"""What is new in a source of pictures since one looked last: new, changed and vanished classes.

A class is known by a fingerprint of its listing: names, sizes and times of its pictures. On a local disk folders that
were not touched are not listed again. A file that was overwritten in place does not touch its folder, and is found by
the full listing that is made now and then. In an object store each look lists every folder; where that takes too long,
the next one goes on, and the classes are judged when all folders are listed.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2s
from pathlib import Path

from image_assets.fruits.folders import Folder, list_bucket, list_folders
from image_assets.vision.sources import ImageSource, LocalSource, group_by_class


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
        began: when the listing began that ran out of time and that `folders` is of so far; 0 if none did.
    """

    source: str
    folders: Mapping[str, Folder] = field(default_factory=dict)
    classes: Mapping[str, KnownClass] = field(default_factory=dict)
    full_at: float = 0.0
    began: float = 0.0

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
        return cls(source, folders, classes, found["full_at"], found.get("began", 0.0))


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
        goes_on: the folder that the next look goes on with; no class is told of before all folders are listed.
    """

    ready: Mapping[str, int]
    settling: tuple[str, ...]
    vanished: tuple[str, ...]
    classes: tuple[str, ...]
    listed: int
    memory: Memory
    goes_on: str | None = None

    def done(self) -> Memory:
        """Return the memory after a run was asked for the classes that are ready."""
        classes = {
            name: replace(known, done=known.fingerprint) if name in self.ready else known
            for name, known in self.memory.classes.items()
        }
        return replace(self.memory, classes=classes)


def look(
    source: ImageSource,
    memory: Memory,
    now: float,
    *,
    settle_seconds: float,
    full_every_seconds: float,
    seconds: float = math.inf,
) -> Look:
    """Look at a source.

    Args:
        source: of pictures.
        memory: of the look before this one.
        now: seconds since the epoch.
        settle_seconds: how long a class must have been at rest before it is ready.
        full_every_seconds: time between two listings of every folder of a local disk.
        seconds: that the listing of an object store may take before it is left to the next look.

    Raises:
        SourceError: if the source cannot be listed.
    """
    full = now - memory.full_at >= full_every_seconds
    if isinstance(source, LocalSource):
        listing = list_folders(source, {} if full else memory.folders, now)
    else:
        listing = list_bucket(source, memory.folders if memory.began else {}, seconds)
        now = memory.began or now  # what was listed first is as old as that
    if listing.goes_on is not None:
        unfinished = replace(memory, folders=listing.folders, began=now)
        return Look({}, (), (), (), listing.listed, unfinished, listing.goes_on)
    seen = classes_of(source, listing.folders)
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
        listed=listing.listed,
        memory=Memory(
            source.address,
            listing.folders,
            {**known, **{name: KnownClass("", now, vanished=True) for name in gone}},
            now if full else memory.full_at,
        ),
    )


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
