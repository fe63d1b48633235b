"""Files of byte cells that are read one by one, whatever their number: what tasks leave for other tasks.

A file is an Arrow IPC file with one cell per record batch, so that its footer says where each cell lies. Cells are
compressed with LZ4. Format: https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
"""

import uuid
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from pyarrow import fs

from image_assets.warehouse.location import Location

SCRATCH = "_scratch"
"""Folder below the warehouse."""
LEFTOVER_DAYS = 7
_SCHEMA = pa.schema([pa.field("cell", pa.large_binary())])


def write_cells(location: Location, cells: Iterable[memoryview | bytes]) -> int:
    """Write a file of cells, and return their number. On failure no file appears."""
    count = 0
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with location.replacing() as sink, pa.ipc.new_file(sink, _SCHEMA, options=options) as writer:
        for cell in cells:
            content = pa.py_buffer(cell)
            offsets = pa.py_buffer(np.array([0, content.size], np.int64))
            column = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, content])
            writer.write_batch(pa.RecordBatch.from_arrays([column], schema=_SCHEMA))
            count += 1
    return count


def read_cells(location: Location, indices: Iterable[int]) -> Iterator[pa.Buffer]:
    """Read cells of a file by their indices; only they are read from disk."""
    with location.open_input() as source, pa.ipc.open_file(source) as reader:
        for index in indices:
            yield reader.get_batch(index).column(0).buffers()[2]


class _Owner:
    """Ends when nothing refers to the scratch folder any more."""


@dataclass(frozen=True)
class Scratch:
    """A folder of files that stay for as long as this object, and are removed with it or at the end of the process."""

    folder: Location
    _owner: object = field(default_factory=_Owner, compare=False, repr=False)

    @classmethod
    def below(cls, root: Location) -> "Scratch":
        """Return a folder of its own below a root; it appears with its first file.

        Folders that processes have left behind which were killed are removed after a week.
        """
        _sweep(root.join(SCRATCH))
        scratch = cls(root.join(SCRATCH, uuid.uuid4().hex))
        weakref.finalize(scratch._owner, _remove, scratch.folder)
        return scratch

    def new_file(self) -> Location:
        """Return the place of a new file; a task that is repeated gets another one."""
        return self.folder.join(f"{uuid.uuid4().hex}.arrow")

    def __reduce__(self) -> tuple[type["Scratch"], tuple[Location]]:
        """Send the place to a worker; the folder remains the matter of this process."""
        return Scratch, (self.folder,)


def _remove(folder: Location) -> None:
    if _is_folder(folder):
        folder.filesystem.delete_dir(folder.path)
    parent = Location(folder.uri.rsplit("/", 1)[0], folder.s3)
    if _is_folder(parent) and not parent.filesystem.get_file_info(fs.FileSelector(parent.path)):
        parent.filesystem.delete_dir(parent.path)


def _sweep(root: Location) -> None:
    if not _is_folder(root):
        return
    oldest = datetime.now(UTC) - timedelta(days=LEFTOVER_DAYS)
    for info in root.filesystem.get_file_info(fs.FileSelector(root.path)):
        # S3 knows no age of folders: there, a rule of the bucket for the prefix does it.
        if info.type == fs.FileType.Directory and info.mtime is not None and info.mtime < oldest:
            root.filesystem.delete_dir(info.path)


def _is_folder(location: Location) -> bool:
    return bool(location.filesystem.get_file_info(location.path).type == fs.FileType.Directory)
