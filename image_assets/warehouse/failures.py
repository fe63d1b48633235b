"""Rows that tell of a failure, with the reason of each: read from tables, written to files."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from image_assets.contracts import DECODED_FRAMES, ERROR_COLUMNS
from image_assets.contracts.columns import column
from image_assets.errors import SettingsError
from image_assets.warehouse.reading import read_batches
from image_assets.warehouse.table import Table

SCHEMA = pa.schema(
    [
        column("partition", pa.string(), "The class, the recording or the scene."),
        column("path", pa.string(), "The picture, relative to the source; of a recording the file and the page in it."),
        column("reason", pa.string(), "Why it could not be read or decoded."),
        column("split", pa.string(), "Training or test; of pictures of classes."),
        DECODED_FRAMES.field("content_sha256"),
        column("table", pa.string(), "The table that holds the row; the asset `scenes` for one that was never stored."),
    ]
)
PICTURE_COLUMNS = {name: name for name in ("path", "split", "content_sha256")}
FRAME_COLUMNS = {"path": "source"}


def table_failures(table: Table, partitions: Iterable[str], columns: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    """Read the failures of partitions, with the columns of `SCHEMA`; files without failures are not opened.

    Args:
        table: one of `ERROR_COLUMNS`.
        partitions: those that are asked for.
        columns: the columns of the table that those of `SCHEMA` come from; others are null.
    """
    error = ERROR_COLUMNS[table.name]
    wanted = list(partitions)
    counts = table.counts(wanted)
    affected = [name for name in wanted if counts[name].failures(error)]
    for file in table.files(affected):
        for batch in read_batches(table.root, file.path, [*columns.values(), error], {}):
            rows = batch.filter(pc.is_valid(batch[error]))
            if rows.num_rows:
                known = {name: rows[column] for name, column in columns.items()}
                constants = {"partition": file.partition, "table": table.name}
                yield _batch(rows.num_rows, {**known, "reason": rows[error]}, constants)


def failure_batch(partition: str, path: str, reason: str, table: str) -> pa.RecordBatch:
    """Return one failure that no table has a row of."""
    return _batch(1, {}, {"partition": partition, "path": path, "reason": reason, "table": table})


def _batch(n_rows: int, columns: Mapping[str, pa.Array], constants: Mapping[str, str]) -> pa.RecordBatch:
    arrays = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.repeat(pa.scalar(constants.get(field.name), field.type), n_rows)
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def write_failures(batches: Iterable[pa.RecordBatch], destination: Path) -> int:
    """Write failures to a file whose suffix names the format, and return how many there are.

    Args:
        batches: with the columns of `SCHEMA`.
        destination: ends in .csv, .json (an array), .jsonl (a row per line) or .parquet; it appears whole.

    Raises:
        SettingsError: if the suffix is another.
    """
    writers = {".csv": _write_csv, ".json": write_json, ".jsonl": _write_json_lines, ".parquet": _write_parquet}
    write = writers.get(destination.suffix.lower())
    if write is None:
        raise SettingsError(f"{destination} has the suffix {destination.suffix!r}: use one of {', '.join(writers)}")
    destination.parent.mkdir(parents=True, exist_ok=True)
    draft = destination.with_name(f".{destination.name}.part")
    try:
        with draft.open("wb") as sink:
            rows = write(batches, sink)
        draft.replace(destination)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _write_csv(batches: Iterable[pa.RecordBatch], sink: IO[bytes]) -> int:
    rows = 0
    with pyarrow.csv.CSVWriter(sink, SCHEMA) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_parquet(batches: Iterable[pa.RecordBatch], sink: IO[bytes]) -> int:
    rows = 0
    with pq.ParquetWriter(sink, SCHEMA) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_json_lines(batches: Iterable[pa.RecordBatch], sink: IO[bytes], separator: bytes = b"\n") -> int:
    rows = 0
    for row in (row for batch in batches for row in batch.to_pylist()):
        sink.write((separator if rows else b"") + json.dumps(row, ensure_ascii=False).encode())
        rows += 1
    sink.write(b"\n" if rows else b"")
    return rows


def write_json(batches: Iterable[pa.RecordBatch], sink: IO[bytes]) -> int:
    """Write failures as a JSON array, a batch in memory at a time, and return how many there are."""
    sink.write(b"[\n")
    rows = _write_json_lines(batches, sink, b",\n")
    sink.write(b"]\n")
    return rows
