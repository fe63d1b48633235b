"""Stage 1: the files of a class as they are, packed into one table, with digest, label and split."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
from pyspark import SparkContext

from image_assets.contracts import RAW_IMAGES
from image_assets.errors import SourceError
from image_assets.spark.reuse import COPY_ROWS, count_gone, plan_copies
from image_assets.spark.updates import Update
from image_assets.vision.labels import label_of, split_of
from image_assets.vision.sources import ImageFile, ImageSource, check_folders
from image_assets.warehouse.changes import KEYS_SCHEMA, ROW_KEYS, compare, read_keys
from image_assets.warehouse.copying import group_copies
from image_assets.warehouse.parquet import MEBIBYTE, DataFile
from image_assets.warehouse.recipes import recipes_of
from image_assets.warehouse.table import Table

MIN_TASK_BYTES = 8 * MEBIBYTE
MAX_TASK_FILES = 20_000
BATCH_BYTES = 8 * MEBIBYTE
BATCH_FILES = 256
HELD_COLUMNS = [*ROW_KEYS, "length", "modification_time", "read_error"]


@dataclass(frozen=True)
class Reading:
    """Files of one class that one task reads."""

    fruit_class: str
    files: tuple[ImageFile, ...]

    @property
    def rows(self) -> int:
        """One row per file."""
        return len(self.files)


def plan_class(context: SparkContext, source: ImageSource, task_mib: int) -> Callable[[str], list[Reading]]:
    """Return a function that lists a class and divides its files into tasks, each of about one file of the table.

    Args:
        context: Spark, for its parallelism.
        source: what is listed; its folders are found once, the files of a class when it is planned.
        task_mib: MiB of pictures per task at most; less where cores would be idle.
    """
    files_of = listing(source)
    return lambda fruit_class: divide(context, fruit_class, files_of(fruit_class), task_mib)


def plan_changes(
    context: SparkContext, source: ImageSource, task_mib: int, target: Table, recipe: str, *, recompute: bool = False
) -> Callable[[str], Update[Reading]]:
    """Return a function that plans a class as `plan_class` does, but for files that the table has already.

    A file whose size and modification time are those of its row is not read again, unless it could not be read.

    Args:
        context: Spark, for its parallelism.
        source: what is listed.
        task_mib: MiB of pictures per task at most.
        target: the table `raw_images`.
        recipe: of its rows.
        recompute: read every file, whatever is there.
    """
    files_of = listing(source)
    known: dict[str, list[DataFile]] = {}
    for file in target.files():
        known.setdefault(file.partition, []).append(file)
    planned: set[str] = set()

    def plan(fruit_class: str) -> Update[Reading]:
        # Asked again, it looks at the table again: another run has changed the class meanwhile.
        base = tuple(target.files([fruit_class]) if fruit_class in planned else known.get(fruit_class, ()))
        planned.add(fruit_class)
        changed = changed_files(target, base, fruit_class, files_of(fruit_class), recipe, recompute=recompute)
        return replace(changed.rest, tasks=divide(context, fruit_class, changed.files, task_mib))

    return plan


def listing(source: ImageSource) -> Callable[[str], list[ImageFile]]:
    """Return a function that lists the files of a class; the folders of the source are found once, now."""
    folders_of = source.class_folders()

    def files(fruit_class: str) -> list[ImageFile]:
        if fruit_class not in folders_of:
            raise SourceError(
                f"{source.address} has no pictures of the class {fruit_class!r} any more; what the warehouse holds of "
                "it is kept: leave the class out of the run, or bring its folder back"
            )
        check_folders(fruit_class, folders_of[fruit_class])
        return [file for folder in folders_of[fruit_class] for file in source.files(folder)]

    return files


def divide(context: SparkContext, fruit_class: str, files: Sequence[ImageFile], task_mib: int) -> list[Reading]:
    """Divide files of a class into tasks of so many MiB at most; of less where cores would be idle."""
    share = sum(file.size for file in files) // (2 * context.defaultParallelism)
    limit = min(max(share, MIN_TASK_BYTES), task_mib * MEBIBYTE)
    return [Reading(fruit_class, tuple(chunk)) for chunk in chunks(files, limit, MAX_TASK_FILES)]


@dataclass(frozen=True)
class ChangedFiles:
    """What is to be read of a class, and what becomes of the rows that the table has."""

    files: Sequence[ImageFile]
    rest: Update[Reading]


def changed_files(
    target: Table,
    base: tuple[DataFile, ...],
    fruit_class: str,
    files: Sequence[ImageFile],
    recipe: str,
    *,
    recompute: bool,
) -> ChangedFiles:
    """Compare a listing with the files that the table has of a class: by path, size and modification time."""
    if not base:
        return ChangedFiles(files, Update((), recipe=recipe))
    wanted, held = listed_keys(files), read_keys(target, base, HELD_COLUMNS, _identity_of_rows)
    gone = count_gone(wanted, held)
    if recompute or recipes_of(target, base) != {recipe}:
        return ChangedFiles(files, Update((), base, recipe=recipe, removed=gone))
    found = compare(wanted, held)
    copies, kept = plan_copies(base, found, [None] * found.missing.num_rows, fruit_class)
    missing = [files[place] for place in found.missing["file"].to_pylist()]
    tasks = group_copies(copies, COPY_ROWS)
    reused = len(files) - len(missing)
    return ChangedFiles(missing, Update((), base, kept, tasks, reused=reused, removed=gone, recipe=recipe))


def listed_keys(files: Sequence[ImageFile]) -> pa.Table:
    """Return the keys of the rows that files of a listing become; `file` is the place in the listing."""
    nothing = pa.nulls(len(files), pa.string())
    paths = pa.array([stored_path(file.path) for file in files], pa.string())
    identities = pa.array([f"{file.size}:{file.modified_us}" for file in files], pa.string())
    places = pa.array(range(len(files)), pa.int32())
    return pa.table([paths, nothing, nothing, nothing, identities, places], schema=KEYS_SCHEMA)


def _identity_of_rows(batch: pa.RecordBatch) -> pa.Array:
    """Size and time of a file that was read, or is a link to nowhere; others are tried again every time."""
    size, time = batch["length"], batch["modification_time"].cast(pa.int64())
    nowhere = pc.and_(pc.equal(size, 0), pc.equal(time, 0))
    settled = pc.or_(batch["read_error"].is_null(), nowhere)
    identity = pc.binary_join_element_wise(size.cast(pa.string()), time.cast(pa.string()), ":")
    return pc.if_else(settled, identity, pa.scalar(None, pa.string()))


def read_images(source: ImageSource, reading: Reading) -> Iterator[pa.RecordBatch]:
    """Read the files of a task into batches with the columns of `raw_images`; what cannot be read says why."""
    for chunk in chunks(reading.files, BATCH_BYTES, BATCH_FILES):
        contents = source.read_many([file.path for file in chunk])
        rows = [_row(reading.fruit_class, file, content) for file, content in zip(chunk, contents, strict=True)]
        yield pa.RecordBatch.from_pylist(rows, schema=RAW_IMAGES)


def chunks(files: Sequence[ImageFile], max_bytes: int, max_files: int) -> Iterator[list[ImageFile]]:
    """Divide files, in order, into runs of at most `max_files` that end where they reach `max_bytes`."""
    run: list[ImageFile] = []
    size = 0
    for file in files:
        run.append(file)
        size += file.size
        if size >= max_bytes or len(run) >= max_files:
            yield run
            run, size = [], 0
    if run:
        yield run


def _row(fruit_class: str, file: ImageFile, found: bytes | OSError) -> dict[str, object]:
    content, digest, error = None, None, None
    if isinstance(found, OSError):
        error = f"{type(found).__name__}: {found.strerror or found}"
    else:
        content, digest = found, hashlib.sha256(found).hexdigest()
    return {
        "path": stored_path(file.path),
        "fruit_class": fruit_class,
        "label": label_of(fruit_class),
        "split": split_of(file.path, digest),
        "content_sha256": digest,
        "modification_time": file.modified_us,
        "length": file.size if content is None else len(content),
        "content": content,
        "read_error": error,
    }


def stored_path(path: str) -> str:
    """Return the path of a file as the tables hold it.

    Names are bytes on Linux: those that are not UTF-8 are shown with their bytes escaped.
    """
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
