"""Reading the Parquet files of a table as record batches, whole or a share of their row groups."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import pyarrow as pa
import pyarrow.parquet as pq

from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import DataFile

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
    location = root.join(path)
    # Local files are mapped, so that row groups of others are not touched; S3 reads are coalesced per row group.
    with location.open_input() as source, pq.ParquetFile(source, pre_buffer=root.is_s3) as file:
        groups = range(file.num_row_groups * index // count, file.num_row_groups * (index + 1) // count)
        for batch in file.iter_batches(batch_rows, row_groups=list(groups), columns=stored, use_threads=False):
            yield _with_constants(batch, columns, constants)


def _with_constants(batch: pa.RecordBatch, columns: Sequence[str], constants: Mapping[str, str]) -> pa.RecordBatch:
    arrays = [
        pa.repeat(pa.scalar(constants[name], pa.string()), batch.num_rows) if name in constants else batch[name]
        for name in columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))
