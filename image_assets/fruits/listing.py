"""What changed in the source since its pictures were read: a comparison of listings, which opens no picture.

A picture has changed if its size or its modification time is another than that of the row in `raw_images`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from image_assets.fruits.raw_images import stored_path
from image_assets.vision.sources import ImageSource
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.reading import read_batches
from image_assets.warehouse.table import Table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
COLUMNS = ["path", "length", "modification_time"]


@dataclass(frozen=True)
class ClassChanges:
    """What a class has in the source now, against what the warehouse holds of it.

    Attributes:
        fruit_class: its partition key.
        in_source: whether the source has the class.
        known: pictures that the warehouse holds.
        listed: pictures of the source.
        new: paths that the warehouse does not hold, sorted; so are the others.
        changed: paths whose size or time is another.
        vanished: paths that the source does not have any more.
    """

    fruit_class: str
    in_source: bool
    known: int
    listed: int
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Tell the changes in a few words, such as `3 new, 1 vanished`; empty if there are none."""
        counts = {"new": len(self.new), "changed": len(self.changed), "vanished": len(self.vanished)}
        return ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)


def compare_listing(
    source: ImageSource, raw_images: Table, classes: Iterable[str] | None = None
) -> Iterator[ClassChanges]:
    """Compare the listing of the source with `raw_images`, one class at a time.

    Args:
        source: of the pictures.
        raw_images: the table; it need not exist.
        classes: to compare; by default all of the source and all of the table.

    Raises:
        SourceError: if the source cannot be listed.
    """
    folders = source.class_folders()
    files: dict[str, list[DataFile]] = {}
    for file in raw_images.files():
        files.setdefault(file.partition, []).append(file)
    for name in sorted({*folders, *files} if classes is None else set(classes)):
        yield _compare(name, source, folders.get(name, []), raw_images, files.get(name, []))


def _compare(
    name: str, source: ImageSource, folders: Sequence[str], table: Table, files: Sequence[DataFile]
) -> ClassChanges:
    listed = {
        stored_path(file.path): (file.size, file.modified_us) for folder in folders for file in source.files(folder)
    }
    known = dict(_known(table, files))
    return ClassChanges(
        name,
        bool(folders),
        len(known),
        len(listed),
        new=sorted(listed.keys() - known.keys()),
        changed=sorted(path for path in listed.keys() & known.keys() if listed[path] != known[path]),
        vanished=sorted(known.keys() - listed.keys()),
    )


def _known(table: Table, files: Sequence[DataFile]) -> Iterator[tuple[str, tuple[int, int]]]:
    for file in files:
        for batch in read_batches(table.root, file.path, COLUMNS, {}):
            for row in batch.to_pylist():
                yield row["path"], (row["length"], (row["modification_time"] - EPOCH) // MICROSECOND)
