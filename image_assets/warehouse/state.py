"""What the log of a table knows of its partitions: rows, times, versions and bounds, without opening a data file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from image_assets.contracts import TABLES
from image_assets.warehouse.log import PartitionCounts
from image_assets.warehouse.table import REPLACED, Table


@dataclass(frozen=True)
class Commit:
    """The last commit that replaced a partition.

    Attributes:
        version: of the table.
        time: of the commit.
        run: that made it, if it was one of Dagster's.
        configuration: what the partition was computed with, as the commit recorded it.
        read: versions of the tables that it was computed from, by name.
    """

    version: int
    time: datetime
    run: str | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)
    read: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PartitionState(PartitionCounts):
    """A partition of the latest version: its counts, and what else the log tells.

    Attributes:
        first_written: when the oldest of its rows were written, at the latest: compaction writes files anew, which
            the time of the commit tells apart; None without files.
        last_written: when the newest of its files was written.
        bounds: smallest and largest value by column.
        commit: that wrote it; None where the log does not tell, as after its old entries were removed.
    """

    first_written: datetime | None = None
    last_written: datetime | None = None
    bounds: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    commit: Commit | None = None

    def values(self, column: str) -> set[Any]:
        """Return the bounds of a column: its one value, or two of several."""
        return set(self.bounds.get(column, ()))


def partition_states(table: Table) -> dict[str, PartitionState]:
    """Describe every partition that the latest version has rows of, or that a commit has emptied."""
    if not table.exists():
        return {}
    snapshot = table.snapshot()
    commits = _last_commits(snapshot)
    files: dict[str, list[dict[str, Any]]] = {}
    for row in pa.table(snapshot.get_add_actions(flatten=True)).to_pylist():
        files.setdefault(row[f"partition.{table.partition_column}"], []).append(row)
    return {value: _state(files.get(value, []), commits.get(value)) for value in sorted({*files, *commits})}


def _state(files: list[dict[str, Any]], commit: Commit | None) -> PartitionState:
    if not files:
        return PartitionState(commit=commit)
    times = [datetime.fromtimestamp(row["modification_time"] / 1000, UTC) for row in files]
    columns = [name.removeprefix("null_count.") for name in files[0] if name.startswith("null_count.")]
    bounds = {}
    for name in columns:
        lows = [row[f"min.{name}"] for row in files if row.get(f"min.{name}") is not None]
        highs = [row[f"max.{name}"] for row in files if row.get(f"max.{name}") is not None]
        if lows and highs:
            bounds[name] = (min(lows), max(highs))
    return PartitionState(
        rows=sum(row["num_records"] for row in files),
        bytes=sum(row["size_bytes"] for row in files),
        files=len(files),
        nulls={name: sum(row[f"null_count.{name}"] or 0 for row in files) for name in columns},
        first_written=min([*times, *([commit.time] if commit else [])]),
        last_written=max(times),
        bounds=bounds,
        commit=commit,
    )


def _last_commits(snapshot: DeltaTable) -> dict[str, Commit]:
    commits: dict[str, Commit] = {}
    for entry in snapshot.history():  # newest first
        replaced = json.loads(entry.get(REPLACED) or "[]")
        time = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)
        for value in replaced:
            if value not in commits:
                configuration = json.loads(entry.get("configuration") or "{}")
                read = {
                    name: int(recorded[f"{name}_version"])
                    for recorded in (configuration, entry)
                    for name in TABLES
                    if f"{name}_version" in recorded
                }
                commits[value] = Commit(int(entry["version"]), time, entry.get("dagster_run"), configuration, read)
    return commits
