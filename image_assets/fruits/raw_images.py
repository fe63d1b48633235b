"""Stage 1: the files of a class as they are, packed into one table, with digest, label and split."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark import SparkContext

from image_assets.contracts import RAW_IMAGES
from image_assets.errors import SourceError
from image_assets.vision.labels import label_of, split_of
from image_assets.vision.sources import ImageFile, ImageSource
from image_assets.warehouse.parquet import MEBIBYTE

MIN_TASK_BYTES = 8 * MEBIBYTE
MAX_TASK_FILES = 20_000
BATCH_BYTES = 8 * MEBIBYTE
BATCH_FILES = 256


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
    folders_of = source.class_folders()

    def plan(fruit_class: str) -> list[Reading]:
        if fruit_class not in folders_of:
            raise SourceError(
                f"{source.address} has no pictures of the class {fruit_class!r} any more; what the warehouse holds of "
                "it is kept: leave the class out of the run, or bring its folder back"
            )
        files = [file for folder in folders_of[fruit_class] for file in source.files(folder)]
        share = sum(file.size for file in files) // (2 * context.defaultParallelism)
        limit = min(max(share, MIN_TASK_BYTES), task_mib * MEBIBYTE)
        return [Reading(fruit_class, tuple(chunk)) for chunk in chunks(files, limit, MAX_TASK_FILES)]

    return plan


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
