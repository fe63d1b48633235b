"""What a partition holds against what it should hold, found from light columns alone.

A row is known by its path and its identity: the digest of the picture, or the reason why it has none. Memory follows
the number of pictures of one partition, about 150 bytes each, as listings do; blobs and features are never read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from image_assets.contracts import ERROR_COLUMNS, KEY_COLUMNS, PARTITION_COLUMN
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.reading import read_batches
from image_assets.warehouse.table import Table

FILE_SCHEMA = pa.schema([("identity", pa.string()), ("file", pa.int32())])
ROW_KEYS = tuple(name for name in KEY_COLUMNS if name != PARTITION_COLUMN)
KEYS_SCHEMA = pa.schema([*((name, pa.string()) for name in ROW_KEYS), *FILE_SCHEMA])
"""Key columns of rows, what identifies each, and the place of its file in a list of files."""

Identity = Callable[[pa.RecordBatch], pa.Array]


@dataclass(frozen=True)
class Difference:
    """Rows in which a partition differs from what it should hold.

    Attributes:
        missing: rows that it should hold and has not, with the columns of `KEYS_SCHEMA`.
        stale: rows that it holds and should not, with the same columns.
    """

    missing: pa.Table
    stale: pa.Table


def digest_keys(table: Table, files: Sequence[DataFile], *, finished: bool = False) -> pa.Table:
    """Read the keys of rows, identified by the digest of the picture or the reason why there is none.

    Args:
        table: that the files belong to.
        files: which of its files.
        finished: leave out rows that have ended here as failures.
    """
    error = ERROR_COLUMNS.get(table.name)
    columns = [*ROW_KEYS, *([error] if error else [])]

    def identity(batch: pa.RecordBatch) -> pa.Array:
        digest = batch["content_sha256"]
        return pc.coalesce(digest, batch[error]) if error else digest

    def keep(batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.filter(batch[error].is_null()) if error and finished else batch

    return read_keys(table, files, columns, identity, keep)


def read_keys(
    table: Table,
    files: Sequence[DataFile],
    columns: Sequence[str],
    identity: Identity,
    keep: Callable[[pa.RecordBatch], pa.RecordBatch] = lambda batch: batch,
) -> pa.Table:
    """Read the keys of the rows of some files.

    Args:
        table: that the files belong to.
        files: which of its files; the column `file` holds places in this list.
        columns: that `identity` and `keep` look at, the key columns among them.
        identity: makes the identity of each row of a batch.
        keep: leaves out rows.
    """
    batches = []
    for place, file in enumerate(files):
        for read in read_batches(table.root, file.path, columns, {}):
            batch = keep(read)
            places = pa.repeat(pa.scalar(place, pa.int32()), batch.num_rows)
            arrays = [*(batch[name] for name in ROW_KEYS), identity(batch), places]
            batches.append(pa.RecordBatch.from_arrays(arrays, schema=KEYS_SCHEMA))
    return pa.Table.from_batches(batches, schema=KEYS_SCHEMA).combine_chunks()


def compare(wanted: pa.Table, held: pa.Table) -> Difference:
    """Compare the keys of rows that should be there with those that are, both with the columns of `KEYS_SCHEMA`."""
    should, has = _row_keys(wanted), _row_keys(held)
    missing = wanted.filter(pc.invert(pc.is_in(should, value_set=has)))
    stale = held.filter(pc.invert(pc.is_in(has, value_set=should)))
    return Difference(missing, stale)


def _row_keys(rows: pa.Table) -> pa.Array:
    parts = [pc.fill_null(rows[name], "").combine_chunks() for name in ("path", "identity")]
    return pc.binary_join_element_wise(*parts, "\n")
