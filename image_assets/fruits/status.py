"""Where each class stands: what the warehouse holds of it, how old it is, and whether it still follows its pictures.

Answered from the logs of the tables. Only where the times there leave it open whether a stage has seen the latest of
the stage before it are the keys of the class read and compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from image_assets.chain_tables import FRUITS_TABLES
from image_assets.fruits.balance import ROWS_OF
from image_assets.fruits.classifier import KIND as CLASSIFIER_KIND
from image_assets.fruits.classifier import NAME as CLASSIFIER_NAME
from image_assets.fruits.listing import ClassChanges
from image_assets.fruits.projection import KIND as PROJECTION_KIND
from image_assets.fruits.projection import NAME as PROJECTION_NAME
from image_assets.warehouse.following import (
    PartitionStatus,
    State,
    States,
    other_configuration,
    partition_status,
    states_of,
)
from image_assets.warehouse.state import PartitionState, partition_states
from image_assets.warehouse.warehouse import Warehouse

BESIDE = ("imagenet_predictions", "labelled_pictures")
"""Tables that a class need not be in."""

DIGEST_LENGTH = 12


@dataclass(frozen=True)
class Expected:
    """What fresh rows are computed with, as far as it is known.

    Attributes:
        features: how their identity starts, see `vision.backbones.export.features_prefix`.
        projection: digest of the latest projection.
        classifier: digest of the latest classifier.
        frames: settings of the frames, as JSON values.
    """

    features: str
    projection: str | None
    classifier: str | None
    frames: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, warehouse: Warehouse, features: str, frames: Mapping[str, Any] | None = None) -> "Expected":
        """Look up the latest artefacts."""
        artifacts = warehouse.artifacts
        return cls(
            features,
            artifacts.resolve(PROJECTION_KIND, PROJECTION_NAME),
            artifacts.resolve(CLASSIFIER_KIND, CLASSIFIER_NAME),
            frames or {},
        )


def class_statuses(
    warehouse: Warehouse, expected: Expected, changes: Iterable[ClassChanges] | None = None
) -> Iterator[PartitionStatus]:
    """Tell where each class stands.

    Args:
        warehouse: that holds the tables.
        expected: what fresh rows are computed with.
        changes: of the listings of the classes that are asked for; None to leave the source alone and to tell of every
            class that the warehouse holds.
    """
    states = {name: partition_states(warehouse.table(name)) for name in (*FRUITS_TABLES, *BESIDE)}
    if changes is None:
        for name in sorted({name for table in FRUITS_TABLES for name in states[table]}):
            yield _status(warehouse, states, expected, name, None)
    else:
        for change in changes:
            yield _status(warehouse, states, expected, change.fruit_class, change)


def _status(
    warehouse: Warehouse, states: States, expected: Expected, name: str, change: ClassChanges | None
) -> PartitionStatus:
    found = states_of(states, name)
    frames = found.get("decoded_frames", PartitionState())
    failures = frames.failures("decode_error")
    state, reasons = _state(warehouse, found, expected, name, change)
    rows = found.get("raw_images", PartitionState()).rows
    return partition_status(name, state, reasons, found, rows, failures)


def _state(
    warehouse: Warehouse,
    found: Mapping[str, PartitionState],
    expected: Expected,
    name: str,
    change: ClassChanges | None,
) -> tuple[State, list[str]]:
    if change is not None and not change.in_source and found:
        return "vanished", ["the source does not have it any more; its data is kept"]
    if not found:
        return "never run", []
    absent = [table for table in FRUITS_TABLES if table not in found and _has_rows_for(found, table)]
    reasons = [f"{table} has not run" for table in absent]
    if change is not None and str(change):
        reasons.append(f"pictures in the source: {change}")
    for table in (table for table in ROWS_OF if table in found):
        reasons += _reasons(warehouse, found, table, name)
    reasons += _foreign(found, expected)
    return ("incomplete" if absent else "stale" if reasons else "fresh"), reasons


def _has_rows_for(found: Mapping[str, PartitionState], table: str) -> bool:
    """Whether a table should hold rows of a class: not where every picture has ended as a failure before."""
    if table not in ROWS_OF:
        return True
    upstream, error_column = ROWS_OF[table]
    before = found.get(upstream, PartitionState())
    rows = before.nulls.get(error_column, 0) if error_column else before.rows
    return rows > 0 if upstream in found else _has_rows_for(found, upstream)


def _reasons(warehouse: Warehouse, found: Mapping[str, PartitionState], table: str, name: str) -> list[str]:
    """Tell how a table differs from what follows from the table before it."""
    upstream, error_column = ROWS_OF[table]
    before, after = found.get(upstream, PartitionState()), found[table]
    wanted = before.nulls.get(error_column, 0) if error_column else before.rows
    if after.rows != wanted:
        return [f"{table} has {after.rows:,} rows, {wanted:,} expected from {upstream}"]
    newest, oldest = before.last_written, after.first_written
    if newest is None or oldest is None or newest <= oldest:
        return []
    if _keys(warehouse, upstream, name, error_column) == _keys(warehouse, table, name, None):
        return []
    return [f"{table} is of earlier {upstream}"]


def _keys(warehouse: Warehouse, table: str, name: str, error_column: str | None) -> set[tuple[Any, ...]]:
    columns = ["path", "content_sha256", *([error_column] if error_column else [])]
    rows = warehouse.table(table).read(columns, [name])
    if error_column:
        rows = rows.filter(pc.is_null(rows[error_column]))
    return set(zip(rows["path"].to_pylist(), rows["content_sha256"].to_pylist(), strict=True))


def _foreign(found: Mapping[str, PartitionState], expected: Expected) -> list[str]:
    """Tell which rows were computed with another network or fit than the present ones."""
    empty = PartitionState()
    backbones = found.get("cnn_features", empty).values("backbone")
    others = sorted(value for value in backbones if not value.startswith(expected.features))
    reasons = other_configuration("decoded_frames", found, expected.frames)
    reasons += [f"cnn_features are of {value}, set is {expected.features.rstrip('/')}" for value in others]
    projections = found.get("reduced_features", empty).values("projection")
    if _other((value.rsplit("/", 1)[-1] for value in projections), expected.projection):
        reasons.append("reduced_features are of an earlier projection")
    commit = found.get("predictions", empty).commit
    classifier = commit.configuration.get("classifier") if commit else None
    if classifier and _other([classifier], expected.classifier):
        reasons.append("predictions are of an earlier classifier")
    return reasons


def _other(digests: Iterable[str], latest: str | None) -> bool:
    return latest is not None and any(digest != latest[:DIGEST_LENGTH] for digest in digests)
