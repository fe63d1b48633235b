"""Writing Parquet files for a Delta table: one directory per partition value, bounded sizes, statistics for the log."""

import json
import logging
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2s
from math import isfinite
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from image_assets.errors import ImageAssetsError
from image_assets.warehouse.location import Location

LOGGER = logging.getLogger(__name__)
MEBIBYTE = 1 << 20
MAX_FOLDER_BYTES = 200
RECIPE_KEY = "image_assets.recipe"


@dataclass(frozen=True)
class WriteOptions:
    """Sizes of the files that tasks write.

    Attributes:
        target_file_bytes: a file is closed once it has this many (compressed) bytes.
        row_group_bytes: a row group is closed once it holds this many (uncompressed) bytes.
        row_group_rows: or this many rows: the unit in which tasks share a file.
        compression_level: of zstd.
        recipe: what the rows were computed with, kept in the file itself; see `image_assets.warehouse.recipes`.
        uncompressed: columns that zstd would only slow down: values that are compressed already, rows by themselves.
    """

    target_file_bytes: int = 128 * MEBIBYTE
    row_group_bytes: int = 8 * MEBIBYTE
    row_group_rows: int = 8192
    compression_level: int = 1
    recipe: str | None = None
    uncompressed: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a table, as the Delta log describes it.

    Attributes:
        path: relative to the table's root.
        partition: value of the partition column.
        rows: number of rows.
        size: bytes.
        stats: Delta statistics as JSON (numRecords, minValues, maxValues, nullCount).
        modification_time: milliseconds since the epoch.
    """

    path: str
    partition: str
    rows: int
    size: int
    stats: str = "{}"
    modification_time: int = 0


def partition_directory(column: str, value: str) -> str:
    """Name the folder of a partition, Hive-style: `column=value` with special characters percent-encoded.

    The value itself is kept in the Delta log, but readers such as Polars take it from the folder. A value too long
    for a folder name is cut and carries a digest, so that two values never share a folder.
    """
    encoded = "".join(c if c.isalnum() or c in "_.-" else quote(c, safe="") for c in value)
    if len(encoded.encode()) > MAX_FOLDER_BYTES:
        encoded = f"{encoded[:40]}-{blake2s(value.encode(), digest_size=8).hexdigest()}"
    return f"{column}={encoded}"


class PartitionedWriter:
    """Writes record batches below a table's root and remembers what was written.

    Files appear under unique names and belong to no table until a commit names them.
    """

    def __init__(self, root: Location, schema: pa.Schema, partition_column: str, options: WriteOptions) -> None:
        self._root = root
        self._partition_column = partition_column
        self._file_schema = schema.remove(schema.get_field_index(partition_column))
        self._options = options
        self._open: dict[str, _OpenFile] = {}
        self._written: list[DataFile] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch, each to a file of its partition."""
        values = batch.column(self._partition_column)
        found = pc.unique(values).to_pylist()
        for value in found:
            rows = batch if len(found) == 1 else batch.filter(pc.equal(values, value))
            self._write_partition(value, rows.drop_columns([self._partition_column]))

    def _write_partition(self, value: str, rows: pa.RecordBatch) -> None:
        if value not in self._open:
            name = f"{partition_directory(self._partition_column, value)}/part-{uuid.uuid4().hex}.parquet"
            self._open[value] = _OpenFile(self._root, name, value, self._file_schema, self._options)
        if self._open[value].write(rows) >= self._options.target_file_bytes:
            self._finish(value)

    def _finish(self, value: str) -> None:
        self._written.append(self._open[value].close())
        del self._open[value]  # only now: a file that could not be finished is one to abort

    def close(self) -> list[DataFile]:
        """Finish all files and return what the commit needs to know of them."""
        for value in list(self._open):
            self._finish(value)
        return self._written

    def abort(self) -> None:
        """Remove everything that was written."""
        for file in self._open.values():
            file.discard()
        delete_files(self._root, [file.path for file in self._written])


def write_batches(
    root: Location,
    schema: pa.Schema,
    partition_column: str,
    batches: Iterable[pa.RecordBatch],
    options: WriteOptions,
) -> list[DataFile]:
    """Write batches as Parquet files below `root`; on failure nothing of them is left behind."""
    writer = PartitionedWriter(root, schema, partition_column, options)
    try:
        for batch in batches:
            if batch.num_rows:
                writer.write(batch)
        return writer.close()
    except BaseException:
        writer.abort()
        raise


def delete_files(root: Location, paths: Iterable[str]) -> None:
    """Remove data files that belong to no table version; a file that is gone already is no error."""
    for path in paths:
        root.join(path).delete()


class _OpenFile:
    """One Parquet file being written; rows are gathered until they fill a row group."""

    def __init__(self, root: Location, name: str, partition: str, schema: pa.Schema, options: WriteOptions) -> None:
        self._location = root.join(name)
        self._name, self._partition, self._schema, self._options = name, partition, schema, options
        self._pending: list[pa.RecordBatch] = []
        root.join(name.rsplit("/", 1)[0]).make_folder()
        self._sink = self._location.open_output()
        self._writer = pq.ParquetWriter(
            self._sink,
            schema,
            **_compression(schema, options),
            write_statistics=_columns_with_statistics(schema),
            use_dictionary=_columns_with_dictionary(schema),
        )
        if options.recipe is not None:
            self._writer.add_key_value_metadata({RECIPE_KEY: options.recipe})

    def write(self, rows: pa.RecordBatch) -> int:
        """Add rows and return the size of the file so far."""
        self._pending.append(rows.cast(self._schema))
        count = sum(batch.num_rows for batch in self._pending)
        size = sum(batch.nbytes for batch in self._pending)
        if count >= self._options.row_group_rows or size >= self._options.row_group_bytes:
            self._flush()
        return int(self._sink.tell())

    def _flush(self) -> None:
        if self._pending:
            table = pa.Table.from_batches(self._pending)
            self._writer.write_table(table, row_group_size=self._options.row_group_rows)
            self._pending = []

    def close(self) -> DataFile:
        self._flush()
        self._writer.close()
        size = self._sink.tell()
        self._sink.close()
        stats = _delta_statistics(self._writer.writer.metadata)
        now = int(time.time() * 1000)
        return DataFile(self._name, self._partition, stats["numRecords"], size, json.dumps(stats), now)

    def discard(self) -> None:
        # A full disk has no room for the end of the file, either, but it is to be removed all the same.
        with suppress(OSError, ImageAssetsError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError, ImageAssetsError, pa.ArrowException):
            self._sink.close()
        try:
            self._location.delete()
        except Exception as error:  # noqa: BLE001 - what ended the writing is being raised, and says more
            LOGGER.warning("%s is left for vacuum to remove: %s", self._location.uri, error)


def _compression(schema: pa.Schema, options: WriteOptions) -> dict[str, Any]:
    if not options.uncompressed:
        return {"compression": "zstd", "compression_level": options.compression_level}
    compressed = [name for name in schema.names if name not in options.uncompressed]
    return {
        "compression": {**dict.fromkeys(schema.names, "NONE"), **dict.fromkeys(compressed, "zstd")},
        "compression_level": dict.fromkeys(compressed, options.compression_level),
    }


def _columns_with_statistics(schema: pa.Schema) -> list[str]:
    """Only strings and numbers: the bounds of blobs and lists cost space and answer no question."""
    kinds = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating)
    return [field.name for field in schema if any(kind(field.type) for kind in kinds)]


def _columns_with_dictionary(schema: pa.Schema) -> list[str]:
    """Strings, and the lists that are marked as repetitive (`contracts.repetitive`)."""
    repetitive = [
        f"{field.name}.list.element" for field in schema if (field.metadata or {}).get(b"encoding") == b"dictionary"
    ]
    return [field.name for field in schema if pa.types.is_string(field.type)] + repetitive


def _delta_statistics(metadata: pq.FileMetaData) -> dict[str, Any]:
    """Gather the statistics of a file's row groups in the form of the Delta protocol.

    Source: https://github.com/delta-io/delta/blob/master/PROTOCOL.md#per-file-statistics
    """
    stats: dict[str, Any] = {
        "numRecords": metadata.num_rows,
        "minValues": {},
        "maxValues": {},
        "nullCount": {},
    }
    for group in (metadata.row_group(i) for i in range(metadata.num_row_groups)):
        for chunk in (group.column(i) for i in range(group.num_columns)):
            if chunk.statistics is not None:
                _merge_statistics(stats, chunk.path_in_schema, chunk.statistics)
    for bounds in (stats["minValues"], stats["maxValues"]):
        for name in [name for name, value in bounds.items() if isinstance(value, float) and not isfinite(value)]:
            del bounds[name]  # JSON has no infinity
    return stats


def _merge_statistics(stats: dict[str, Any], name: str, found: Any) -> None:
    stats["nullCount"][name] = stats["nullCount"].get(name, 0) + found.null_count
    if not found.has_min_max:
        return
    for key, value, better in (("minValues", found.min, min), ("maxValues", found.max, max)):
        stats[key][name] = better(stats[key][name], value) if name in stats[key] else value
