"""Metadata that people read in the Dagster UI: schemas, counts, previews and pictures."""

import base64
import io
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from dagster import MetadataValue, TableColumn, TableRecord, TableSchema

from image_assets.progress import unit_of
from image_assets.spark.side_by_side import Outcome
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

PREVIEW_ROWS = 5
DIGEST = re.compile(r"[0-9a-f]{64}")


def table_schema(schema: pa.Schema) -> TableSchema:
    """Describe the columns of a table for the catalogue."""
    return TableSchema(
        columns=[
            TableColumn(field.name, str(field.type), description=field.metadata[b"description"].decode())
            for field in schema
        ]
    )


def counts_metadata(outcome: Outcome) -> dict[str, Any]:
    """Count the rows of a finished partition; the names of numbers are stable, so that Dagster plots them."""
    return {"dagster/row_count": outcome.rows, **({} if outcome.changed is None else asdict(outcome.changed))}


def speed_metadata(outcome: Outcome, table: Table) -> dict[str, Any]:
    """Describe how a finished partition was computed and what it became."""
    rows = outcome.rows if outcome.changed is None else outcome.changed.computed
    unit = unit_of(table.name).replace(" ", "_")
    return {
        f"{'images' if unit == 'pictures' else unit}_per_second": round(rows / max(outcome.seconds, 1e-9), 1),
        "seconds": round(outcome.seconds, 3),
        "bytes": sum(file.size for file in outcome.files),
        "delta_version": outcome.version,
        "dagster/uri": MetadataValue.text(table.root.uri),
    }


def failures(table: Table, partition: str, error_column: str) -> int:
    """Count the rows of a partition that have a reason in their error column, from the log."""
    return table.counts([partition])[partition].failures(error_column)


def preview(table: Table, partition: str) -> dict[str, Any]:
    """Show the first rows of a partition, without blobs, narrow enough for the page."""
    columns = [
        field.name
        for field in table.schema
        if not pa.types.is_binary(field.type) and field.name != table.partition_column
    ]
    rows = table.head(PREVIEW_ROWS, columns, [partition]).to_pylist()
    records = [TableRecord({name: _shown(value) for name, value in row.items()}) for row in rows]
    schema = TableSchema(columns=[TableColumn(name, "string") for name in columns])
    return {"preview": MetadataValue.table(records, schema)} if records else {}


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value[:3])}{', ...' if len(value) > 3 else ''}]"
    text = str(value)
    return f"{text[:12]}..." if DIGEST.fullmatch(text) else text


def picture(image: "Image | Figure", description: str) -> MetadataValue[Any]:
    """Return a picture that the Dagster UI shows in place, as Markdown with the picture inside."""
    sink = io.BytesIO()
    if hasattr(image, "savefig"):
        image.savefig(sink, format="png", dpi=110, bbox_inches="tight")
        mime = "png"
    else:
        image.convert("RGB").save(sink, format="JPEG", quality=80)
        mime = "jpeg"
    return MetadataValue.md(f"![{description}](data:image/{mime};base64,{base64.b64encode(sink.getvalue()).decode()})")
