"""What the log of a table says of its files, and says it in: Delta Lake's actions, rows and bytes by partition."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.transaction import AddAction

from image_assets.warehouse.parquet import DataFile


@dataclass(frozen=True)
class PartitionCounts:
    """What the log knows of a partition without reading its rows.

    Attributes:
        rows: number of rows.
        bytes: size of the files.
        files: number of files.
        nulls: number of nulls by column, for the columns that have statistics.
    """

    rows: int = 0
    bytes: int = 0
    files: int = 0
    nulls: Mapping[str, int] = field(default_factory=dict)

    def failures(self, error_column: str) -> int:
        """Return how many rows have a reason in their error column."""
        return self.rows - self.nulls.get(error_column, 0)


def data_files(delta: DeltaTable, partition_column: str, partitions: Iterable[str] | None) -> list[DataFile]:
    """List the files of the given partitions, or of all, by partition and path."""
    actions = pa.table(delta.get_add_actions(flatten=True))
    if partitions is not None:
        wanted = pa.array(list(partitions), pa.string())
        actions = actions.filter(pc.is_in(actions[f"partition.{partition_column}"].cast(pa.string()), wanted))
    rows = actions.select(["path", f"partition.{partition_column}", "num_records", "size_bytes"]).to_pylist()
    files = [
        # The log holds paths as URLs: https://github.com/delta-io/delta/blob/master/PROTOCOL.md#add-file
        DataFile(unquote(r["path"]), r[f"partition.{partition_column}"], r["num_records"], r["size_bytes"])
        for r in rows
    ]
    return sorted(files, key=lambda file: (file.partition, file.path))


def partition_counts(delta: DeltaTable, partition_column: str) -> dict[str, PartitionCounts]:
    """Count rows, bytes, files and nulls of each partition that has rows."""
    actions = pa.table(delta.get_add_actions(flatten=True))
    nulls = {name.removeprefix("null_count."): name for name in actions.column_names if "null_count." in name}
    grouped = actions.group_by(f"partition.{partition_column}").aggregate(
        [
            ("num_records", "sum"),
            ("size_bytes", "sum"),
            ("path", "count"),
            *((name, "sum") for name in nulls.values()),
        ]
    )
    return {
        row[f"partition.{partition_column}"]: PartitionCounts(
            rows=row["num_records_sum"],
            bytes=row["size_bytes_sum"],
            files=row["path_count"],
            nulls={name: row[f"{source}_sum"] or 0 for name, source in nulls.items()},
        )
        for row in grouped.to_pylist()
    }


def add_action(file: DataFile, partition_column: str, *, data_change: bool) -> AddAction:
    """Return the log's words for a file that joins the table."""
    return AddAction(
        path=file.path,
        size=file.size,
        partition_values={partition_column: file.partition},
        modification_time=file.modification_time,
        data_change=data_change,
        stats=file.stats,
    )
