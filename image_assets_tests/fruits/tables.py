"""Tables of the chain with rows that a test makes up."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.table import Table

BACKBONE = "efficientnet_lite0/pooled/0123456789ab"


def append(table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Commit rows to a table; columns that a row leaves out are null."""
    batch = pa.RecordBatch.from_pylist([dict(row) for row in rows], schema=table.schema)
    files = write_batches(table.root, table.schema, table.partition_column, [batch], table.write_options)
    table.commit(files, None)


def feature_rows(
    fruit_class: str, features: np.ndarray, split: str = "training", **columns: str
) -> list[dict[str, Any]]:
    """Return a row per row of features, float [n, d]."""
    label = fruit_class.rstrip("0123456789_")
    return [
        {
            "path": f"{split}/{fruit_class}/{i}.jpg",
            "fruit_class": fruit_class,
            "label": label,
            "split": split,
            "features": row.astype(np.float32).tolist(),
            **columns,
        }
        for i, row in enumerate(features)
    ]
