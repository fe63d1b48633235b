"""Metadata that people read in the Dagster UI: schemas, counts, previews and pictures."""

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from dagster import MetadataValue, TableColumn, TableRecord, TableSchema

from image_assets.spark.partitions import Outcome
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

PREVIEW_ROWS = 5


def table_schema(schema: pa.Schema) -> TableSchema:
    """Describe the columns of a table for the catalogue."""
    return TableSchema(
        columns=[
            TableColumn(field.name, str(field.type), description=field.metadata[b"description"].decode())
            for field in schema
        ]
    )


def outcome_metadata(outcome: Outcome, table: Table) -> dict[str, Any]:
    """Describe a finished partition in numbers; the names are stable, so that Dagster plots them over time."""
    return {
        "dagster/row_count": outcome.rows,
        "bytes": sum(file.size for file in outcome.files),
        "seconds": round(outcome.seconds, 3),
        "images_per_second": round(outcome.rows / max(outcome.seconds, 1e-9), 1),
        "delta_version": outcome.version,
        **preview(table, outcome.partition),
    }


def failures(table: Table, partition: str, error_column: str) -> int:
    """Count the rows of a partition that have a reason in their error column, from the log."""
    counts = table.counts([partition])[partition]
    return counts.rows - counts.nulls.get(error_column, 0)


def run_metadata(outcomes: Sequence[Outcome], table: Table) -> dict[str, Any]:
    """Describe a run over several partitions."""
    return {
        "dagster/uri": MetadataValue.text(table.root.uri),
        "partitions_in_run": len(outcomes),
        "rows_in_run": sum(outcome.rows for outcome in outcomes),
    }


def preview(table: Table, partition: str) -> dict[str, Any]:
    """Show the first rows of a partition, without blobs and with lists cut short."""
    columns = [field.name for field in table.schema if not pa.types.is_binary(field.type)]
    rows = table.head(PREVIEW_ROWS, columns, [partition]).to_pylist()
    records = [TableRecord({name: _shown(value) for name, value in row.items()}) for row in rows]
    schema = TableSchema(columns=[TableColumn(name, "string") for name in columns])
    return {"preview": MetadataValue.table(records, schema)} if records else {}


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value[:5])}{', ...' if len(value) > 5 else ''}]"
    return "" if value is None else str(value)


def picture(image: "Image | Figure", description: str) -> MetadataValue[Any]:
    """Return a picture that the Dagster UI shows in place, as Markdown with the picture inside."""
    sink = io.BytesIO()
    if hasattr(image, "savefig"):
        image.savefig(sink, format="png", dpi=80, bbox_inches="tight")
        mime = "png"
    else:
        image.convert("RGB").save(sink, format="JPEG", quality=80)
        mime = "jpeg"
    return MetadataValue.md(f"![{description}](data:image/{mime};base64,{base64.b64encode(sink.getvalue()).decode()})")
