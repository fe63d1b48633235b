"""Reading the Parquet files of a table as record batches, whole or a share of their row groups."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import RECIPE_KEY, DataFile

DEFAULT_BATCH_ROWS = 1024


@dataclass(frozen=True)
class Fragment:
    """The `index`-th of `count` shares of a file's row groups: what one task reads of it.

    Attributes:
        path: of the file, relative to the table's root.
        partition: value of the partition column.
        rows: about how many rows the share has; exact if `count` is 1.
    """

    path: str
    partition: str
    rows: int
    index: int = 0
    count: int = 1


def split_files(files: Sequence[DataFile], rows_per_task: int) -> list[Fragment]:
    """Divide files into shares of about `rows_per_task` rows, without opening them."""
    fragments = []
    for file in files:
        count = max(1, ceil(file.rows / rows_per_task))
        bounds = [file.rows * i // count for i in range(count + 1)]
        fragments += [Fragment(file.path, file.partition, bounds[i + 1] - bounds[i], i, count) for i in range(count)]
    return fragments


def read_fragment(
    root: Location,
    fragment: Fragment,
    columns: Sequence[str],
    partition_column: str,
    batch_rows: int = DEFAULT_BATCH_ROWS,
) -> Iterator[pa.RecordBatch]:
    """Read columns of a share of a file."""
    constants = {partition_column: fragment.partition}
    yield from read_batches(
        root, fragment.path, columns, constants, batch_rows=batch_rows, share=(fragment.index, fragment.count)
    )


def read_batches(
    root: Location,
    path: str,
    columns: Sequence[str],
    constants: Mapping[str, str],
    *,
    batch_rows: int = DEFAULT_BATCH_ROWS,
    share: tuple[int, int] = (0, 1),
) -> Iterator[pa.RecordBatch]:
    """Read columns of a Parquet file; columns in `constants` (the partition's) are filled in.

    Args:
        root: of the table.
        path: of the file, relative to the root.
        columns: wanted columns in order; no others are read.
        constants: value of each column that the file itself does not hold.
        batch_rows: rows of a batch at most.
        share: `(index, count)`: the row groups from `groups * index // count` on.
    """
    stored = [name for name in columns if name not in constants]
    index, count = share
    with _opened(root, path) as file:
        groups = range(file.num_row_groups * index // count, file.num_row_groups * (index + 1) // count)
        for batch in file.iter_batches(batch_rows, row_groups=list(groups), columns=stored, use_threads=False):
            yield _with_constants(batch, columns, constants)


def read_rows(
    root: Location,
    path: str,
    columns: Sequence[str],
    constants: Mapping[str, str],
    wanted: Collection[str],
    *,
    batch_rows: int = DEFAULT_BATCH_ROWS,
) -> Iterator[pa.RecordBatch]:
    """Read columns of the rows whose `path` is wanted; row groups without such a row are not read.

    Args:
        root: of the table.
        path: of the file, relative to the root.
        columns: wanted columns in order, `path` among them.
        constants: value of each column that the file itself does not hold.
        wanted: values of the column `path`.
        batch_rows: rows that are read at once at most.
    """
    stored = [name for name in columns if name not in constants]
    values = pa.array(sorted(wanted), pa.string())
    with _opened(root, path) as file:
        for group in range(file.num_row_groups):
            paths = file.read_row_group(group, columns=["path"], use_threads=False)["path"]
            if not pc.any(pc.is_in(paths, value_set=values)).as_py():
                continue
            for batch in file.iter_batches(batch_rows, row_groups=[group], columns=stored, use_threads=False):
                rows = batch.filter(pc.is_in(batch["path"], value_set=values))
                if rows.num_rows:
                    yield _with_constants(rows, columns, constants)


def read_recipe(root: Location, path: str) -> str | None:
    """Return what the rows of a file were computed with, from its footer; None if it does not say."""
    with _opened(root, path) as file:
        found = (file.metadata.metadata or {}).get(RECIPE_KEY.encode())
    return None if found is None else str(found.decode())


@contextmanager
def _opened(root: Location, path: str) -> Iterator[pq.ParquetFile]:
    """Open a file: a local one is mapped, so that only what is read is touched; reads from S3 are coalesced."""
    with root.join(path).open_input() as source, pq.ParquetFile(source, pre_buffer=root.is_s3) as file:
        yield file


def _with_constants(batch: pa.RecordBatch, columns: Sequence[str], constants: Mapping[str, str]) -> pa.RecordBatch:
    arrays = [
        pa.repeat(pa.scalar(constants[name], pa.string()), batch.num_rows) if name in constants else batch[name]
        for name in columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))
