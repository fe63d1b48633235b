"""Where a partition stands: what the tables of its chain hold of it, and whether each follows the one before it.

A commit records the version of each table that was read for it and the configuration that it was computed with. A
partition of a table is of earlier rows where the table before it has replaced the partition since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from image_assets.warehouse.state import PartitionState

State = Literal["fresh", "stale", "incomplete", "never run", "vanished", "unreadable"]
States = Mapping[str, Mapping[str, PartitionState]]
"""What the logs tell: by table, by partition."""


@dataclass(frozen=True)
class PartitionStatus:
    """Where one partition stands: a class, a scene or a recording.

    Attributes:
        partition: its key.
        state: `fresh`: every stage follows the source. `stale`: at least one does not. `incomplete`: a stage has not
            run for it. `vanished`: gone from the source, its data kept. `unreadable`: it is in the source and cannot
            be opened, and nothing of it is stored.
        reasons: why it is not fresh.
        rows: of the first table of its chain: pictures, tiles or frames.
        failures: of them, those that could not be read or decoded.
        bytes: of all its files.
        updated: when the last stage that has it was committed.
        versions: of the tables, in which the partition was last replaced.
    """

    partition: str
    state: State
    reasons: tuple[str, ...] = ()
    rows: int = 0
    failures: int = 0
    bytes: int = 0
    updated: datetime | None = None
    versions: Mapping[str, int] | None = None


def partition_status(
    partition: str, state: State, reasons: Sequence[str], found: Mapping[str, PartitionState], rows: int, failures: int
) -> PartitionStatus:
    """Return a status whose size, age and versions are those that the tables tell."""
    return PartitionStatus(
        partition,
        state,
        tuple(reasons),
        rows,
        failures,
        bytes=sum(item.bytes for item in found.values()),
        updated=max((time for item in found.values() if (time := _time(item))), default=None),
        versions={table: item.commit.version for table, item in found.items() if item.commit},
    )


def states_of(states: States, partition: str) -> dict[str, PartitionState]:
    """Return what each table that has a partition holds of it."""
    return {table: found[partition] for table, found in states.items() if partition in found}


def not_followed(found: Mapping[str, PartitionState], upstream: Mapping[str, Sequence[str]]) -> list[str]:
    """Tell which tables hold rows of a partition that were computed before the rows that they follow.

    Args:
        found: what each table holds of the partition.
        upstream: the tables that each table is computed from.
    """
    reasons = []
    for table, before in upstream.items():
        commit = found[table].commit if table in found else None
        for name in before if commit else ():
            read = commit.read.get(name) if commit else None
            newest = found[name].commit if name in found else None
            if read is not None and newest is not None and newest.version > read:
                reasons.append(f"{table} is of earlier {name}")
    return reasons


def other_configuration(
    table: str,
    found: Mapping[str, PartitionState],
    wanted: Mapping[str, Any],
    own: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
) -> list[str]:
    """Tell with which settings a table holds a partition that are not those of today.

    Args:
        table: the table.
        found: what each table holds of the partition.
        wanted: the settings of today, as JSON values.
        own: settings that the partition brings along, whatever the project says.
        names: what users call the settings whose names in the log are others.
    """
    commit = found[table].commit if table in found else None
    recorded = commit.configuration if commit else {}
    differing = [name for name in wanted if name in recorded and name not in own and recorded[name] != wanted[name]]
    names = names or {}
    return [
        f"{table} was computed with {names.get(name, name)} {recorded[name]!r}, set is {wanted[name]!r}"
        for name in differing
    ]


def _time(state: PartitionState) -> datetime | None:
    return state.commit.time if state.commit else state.last_written
