"""Beside the chain: tables as one Parquet data set and one CSV file, lists in columns of their own.

Tasks read a share of the table each and write a Parquet file and a part of the CSV below a draft; the driver joins the
parts as bytes and switches. It never holds a row. See `image_assets.warehouse.exports` for the switch.
"""

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from pyspark import SparkContext

from image_assets.contracts import KEY_COLUMNS
from image_assets.errors import IncompatibleArtifactError, SettingsError, WarehouseError
from image_assets.spark.stages import aggregate_stage, plan_fragments
from image_assets.warehouse.exports import Export
from image_assets.warehouse.location import Location
from image_assets.warehouse.reading import Fragment, read_fragment
from image_assets.warehouse.table import Table

FORMATS = ("parquet", "csv")
VALUES = {
    "reduced_features": ["features"],
    "predictions": ["predicted_label", "probability", "top_labels", "top_probabilities"],
}
"""The exported columns of each table, beside the keys."""
LISTS = {"features": ("f", 0), "top_labels": ("top_label_", 1), "top_probabilities": ("top_probability_", 1)}
"""Lists that become columns: the prefix of their names and the number of the first."""
BATCH_VALUES = 1 << 23
"""Numbers that a task holds at once: 32 MiB of float32."""
SHARE_VALUES = 1 << 25
"""Numbers in a Parquet file, about: 128 MiB of float32."""
COPY_BYTES = 1 << 23


@dataclass(frozen=True)
class ExportOptions:
    """What an export looks like.

    Attributes:
        formats: `parquet` (a folder of files), `csv` (one file), or both.
        csv_header: whether the first line of the CSV names the columns.
        keys: key columns that stand before the values, in this order; none are allowed.
    """

    formats: tuple[str, ...] = ("parquet", "csv")
    csv_header: bool = True
    keys: tuple[str, ...] = ("path", "fruit_class", "label", "split")

    def check(self) -> None:
        """Refuse columns that are no keys, and an export of nothing.

        Raises:
            SettingsError: naming them.
        """
        unknown = [name for name in self.keys if name not in KEY_COLUMNS]
        if unknown:
            raise SettingsError(
                f"export_keys: {', '.join(unknown)} is no key column; choose of {', '.join(KEY_COLUMNS)}"
            )
        if not self.formats or not set(self.formats) <= set(FORMATS):
            raise SettingsError(f"export_formats is {list(self.formats)}: choose parquet, csv or both")


@dataclass(frozen=True)
class Share:
    """What one task exports: its place in the order, and parts of the table."""

    number: int
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True)
class Layout:
    """The columns of an export.

    Attributes:
        keys: key columns.
        values: columns of the table that follow.
        widths: lengths of those that are lists.
        schema: Arrow schema of the export.
    """

    keys: tuple[str, ...]
    values: tuple[str, ...]
    widths: dict[str, int]
    schema: pa.Schema

    @classmethod
    def of(cls, table: Table, options: ExportOptions) -> "Layout":
        """Derive the columns from the contract of the table and the lengths of the lists in its first row.

        Raises:
            WarehouseError: if the table has no rows.
        """
        values = VALUES[table.name]
        lists = [name for name in values if name in LISTS]
        first = table.head(1, lists)
        if first.num_rows == 0:
            raise WarehouseError(f"table {table.name!r} has no rows to export: materialize {table.name} first")
        widths = {name: len(first[name][0]) for name in lists}
        fields = [pa.field(name, pa.string()) for name in options.keys]
        for name in values:
            dtype = table.schema.field(name).type
            fields += [pa.field(column, getattr(dtype, "value_type", dtype)) for column in _names(name, widths)]
        return cls(options.keys, tuple(values), widths, pa.schema(fields))

    def flat(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Put each item of the lists of a batch into a column of its own.

        Raises:
            IncompatibleArtifactError: if lists have other lengths than in the first row of the table.
        """
        columns = [batch[name] for name in self.keys]
        for name in self.values:
            columns += [batch[name]] if name not in self.widths else _items(name, batch[name], self.widths[name])
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _names(name: str, widths: dict[str, int]) -> list[str]:
    if name not in widths:
        return [name]
    prefix, start = LISTS[name]
    return [f"{prefix}{number}" for number in range(start, start + widths[name])]


def _items(name: str, lists: pa.ListArray, width: int) -> list[pa.Array]:
    lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
    if lengths != [width]:
        raise IncompatibleArtifactError(
            f"lists of {name!r} have different lengths, {width} and {sorted(set(lengths) - {width})}: "
            "some classes come from another fit; materialize the table again for all classes"
        )
    values = lists.flatten()
    if pa.types.is_floating(values.type):
        return [pa.array(column) for column in np.ascontiguousarray(np.asarray(values).reshape(-1, width).T)]
    return [values.take(pa.array(np.arange(place, len(values), width))) for place in range(width)]


def export_table(context: SparkContext, table: Table, export: Export, options: ExportOptions) -> dict[str, Any]:
    """Replace the latest export of a table by one of its newest version.

    Returns:
        The manifest: where the files are, rows, columns, bytes, and what they were made from.

    Raises:
        WarehouseError: if the table has no rows, or rows are missing in what was written.
        IncompatibleArtifactError: if its rows come from different fits.
    """
    options.check()
    version, expected = table.version(), sum(counts.rows for counts in table.counts().values())
    layout = Layout.of(table, options)
    shares = plan_shares(plan_fragments(context, table), SHARE_VALUES // len(layout.schema))
    draft = export.draft()
    try:
        rows = aggregate_stage(context, shares, _writer(table, draft, layout, options), add)
        if rows != expected:
            raise WarehouseError(
                f"{table.name} has {expected:,} rows and {rows:,} were exported: it changed meanwhile; materialize "
                f"{table.name}_export again (the export before is untouched)"
            )
        files = {name: f"{draft.uri.rsplit('/', 1)[-1]}/{export.name}.{name}" for name in options.formats}
        if "csv" in files:
            _join_csv(export.root.join(files["csv"]), draft, len(shares), layout.schema, header=options.csv_header)
        manifest = {
            "files": files,
            "rows": rows,
            "columns": len(layout.schema),
            "csv_header": options.csv_header,
            "table": table.name,
            "delta_version": version,
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        return export.publish(draft, manifest)
    except BaseException:
        export.discard(draft)
        raise


def plan_shares(fragments: Sequence[Fragment], rows: int) -> list[Share]:
    """Join neighbouring parts of a table to shares of about so many rows: classes are small, files should not be."""
    groups: list[list[Fragment]] = []
    filled = rows
    for fragment in fragments:
        if filled >= rows:
            groups.append([])
            filled = 0
        groups[-1].append(fragment)
        filled += fragment.rows
    return [Share(number, tuple(group)) for number, group in enumerate(groups)]


def _writer(table: Table, draft: Location, layout: Layout, options: ExportOptions) -> Any:
    """Return the work of a task: it writes its share and returns the number of rows."""
    root, partition_column, name = table.root, table.partition_column, table.name
    columns = [*layout.keys, *layout.values]
    batch_rows = max(64, BATCH_VALUES // len(layout.schema))

    def batches(share: Share) -> Iterator[pa.RecordBatch]:
        for fragment in share.fragments:
            for batch in read_fragment(root, fragment, columns, partition_column, batch_rows):
                yield layout.flat(batch)

    def write(share: Share) -> int:
        rows = 0
        with ExitStack() as stack:
            writers: list[pq.ParquetWriter | pacsv.CSVWriter] = []
            if "parquet" in options.formats:
                sink = stack.enter_context(draft.join(f"{name}.parquet", _part(share.number, "parquet")).replacing())
                writers.append(stack.enter_context(pq.ParquetWriter(sink, layout.schema, compression="zstd")))
            if "csv" in options.formats:
                sink = stack.enter_context(draft.join(_part(share.number, "csv")).replacing())
                plain = pacsv.WriteOptions(include_header=False)
                writers.append(stack.enter_context(pacsv.CSVWriter(sink, layout.schema, write_options=plain)))
            for batch in batches(share):
                rows += batch.num_rows
                for writer in writers:
                    writer.write_batch(batch)
        return rows

    return write


def _part(number: int, suffix: str) -> str:
    """Name the file of a share: the same for each attempt of its task, so that a repeated one leaves one file."""
    return f"part-{number:05d}.{suffix}"


def _join_csv(target: Location, draft: Location, parts: int, schema: pa.Schema, *, header: bool) -> None:
    with target.replacing() as sink:
        if header:
            line = io.BytesIO()
            pacsv.write_csv(schema.empty_table(), line)
            sink.write(line.getvalue())
        for number in range(parts):
            part = draft.join(_part(number, "csv"))
            with part.open_input() as stream:
                shutil.copyfileobj(stream, sink, COPY_BYTES)
            part.delete()
