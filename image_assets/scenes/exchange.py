"""What tasks of one stage leave for tasks of the next: bytes in files of the warehouse, addresses through the driver.

In place of Spark's shuffle, which copies rows of megabytes through the JVM several times (docs/scenes.md has the
figures). A folder per run of a stage; it is removed when the stage has ended, and `vacuum` removes what a driver
that died has left.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from image_assets.warehouse.location import Location


class Parcel(NamedTuple):
    """Where bytes are: file name, offset, length."""

    file: str
    offset: int
    length: int


@dataclass(frozen=True)
class Exchange:
    """A folder that tasks share."""

    folder: Location

    @classmethod
    @contextmanager
    def below(cls, root: Location) -> Iterator["Exchange"]:
        """Use a new folder below a table's root for as long as the block runs."""
        folder = root.join(f"exchange-{uuid.uuid4().hex}")
        folder.make_folder()
        try:
            yield cls(folder)
        finally:
            folder.filesystem.delete_dir_contents(folder.path, missing_dir_ok=True)
            if not folder.is_s3:
                folder.filesystem.delete_dir(folder.path)

    def writer(self) -> "ParcelWriter":
        """Return a writer of one file; nothing is created before something is written."""
        return ParcelWriter(self.folder)

    def reader(self) -> "ParcelReader":
        """Return a reader of all files."""
        return ParcelReader(self.folder)


@dataclass
class ParcelWriter:
    """Appends to a file of its own."""

    folder: Location
    name: str = field(default_factory=lambda: f"{uuid.uuid4().hex}.bin")
    _sink: Any = None

    def append(self, parts: Iterable[bytes | memoryview]) -> Parcel:
        """Write bytes, given in parts, and return where they are; they can be read after `close`."""
        if self._sink is None:
            self._sink = self.folder.join(self.name).open_output()
        offset = self._sink.tell()
        for part in parts:
            self._sink.write(part)
        return Parcel(self.name, offset, self._sink.tell() - offset)

    def close(self) -> None:
        """Finish the file."""
        if self._sink is not None:
            self._sink.close()


@dataclass
class ParcelReader:
    """Reads parcels; its files, one per task of the stage before, stay open until `close`."""

    folder: Location
    _files: dict[str, Any] = field(default_factory=dict)

    def read(self, parcel: Parcel) -> bytes:
        """Return the bytes of a parcel."""
        if parcel.file not in self._files:
            self._files[parcel.file] = self.folder.join(parcel.file).open_unmapped()
        return bytes(self._files[parcel.file].read_at(parcel.length, parcel.offset))

    def close(self) -> None:
        """Close the files."""
        while self._files:
            self._files.popitem()[1].close()
