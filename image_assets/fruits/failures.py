"""The pictures that could not be read or decoded, with the reason of each."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from image_assets.contracts import DECODED_FRAMES, column
from image_assets.errors import SettingsError
from image_assets.warehouse.reading import read_batches
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

SCHEMA = pa.schema(
    [
        DECODED_FRAMES.field("fruit_class"),
        DECODED_FRAMES.field("path"),
        column("reason", pa.string(), "Why the picture could not be read or decoded."),
        DECODED_FRAMES.field("split"),
        DECODED_FRAMES.field("content_sha256"),
        column("table", pa.string(), "The table that holds the row."),
    ]
)
REASONS = {"raw_images": "read_error", "decoded_frames": "decode_error"}
"""The column of each table that holds reasons."""
KEYS = ["fruit_class", "path", "split", "content_sha256"]


def failures(warehouse: Warehouse, classes: Iterable[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Read the failures of classes, with the columns of `SCHEMA`; files without failures are not opened.

    A class is answered by `decoded_frames`, which repeats what could not be read; one that was never decoded by
    `raw_images`.

    Args:
        warehouse: that holds the tables.
        classes: all by default.
    """
    raw, frames = warehouse.table("raw_images"), warehouse.table("decoded_frames")
    decoded = frames.counts()
    wanted = sorted({*decoded, *raw.counts()} if classes is None else set(classes))
    yield from _failures(frames, [name for name in wanted if name in decoded])
    yield from _failures(raw, [name for name in wanted if name not in decoded])


def _failures(table: Table, classes: list[str]) -> Iterator[pa.RecordBatch]:
    reason = REASONS[table.name]
    counts = table.counts(classes)
    affected = [name for name in classes if counts[name].rows > counts[name].nulls.get(reason, 0)]
    for file in table.files(affected):
        constants = {table.partition_column: file.partition}
        for batch in read_batches(table.root, file.path, [*KEYS, reason], constants):
            rows = batch.filter(pc.is_valid(batch[reason]))
            if rows.num_rows:
                arrays = {name: rows[name] for name in KEYS}
                arrays |= {"reason": rows[reason], "table": pa.repeat(pa.scalar(table.name), rows.num_rows)}
                columns = [arrays[field.name].cast(field.type) for field in SCHEMA]
                yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


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
