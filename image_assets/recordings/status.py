"""Where each recording stands: what the tables hold of it, and whether it follows its files and the settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from image_assets.chain_tables import RECORDINGS_TABLES
from image_assets.errors import SourceError
from image_assets.recordings.listing import last_change
from image_assets.recordings.maps import NAMES, picture_location
from image_assets.recordings.options import RecordingOptions, own_options, read_sidecar
from image_assets.warehouse.following import (
    PartitionStatus,
    State,
    not_followed,
    other_configuration,
    partition_status,
    states_of,
)
from image_assets.warehouse.state import PartitionState, partition_states
from image_assets.warehouse.warehouse import Warehouse

UPSTREAM = {
    "frame_projections": ("recording_frames",),
    "pixel_series": ("recording_frames",),
    "series_features": ("pixel_series",),
    "time_covariance": ("pixel_series",),
    "series_clusters": ("pixel_series",),
}


@dataclass(frozen=True)
class _Question:
    """What the recordings are compared with."""

    warehouse: Warehouse
    defaults: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]]
    paths: Mapping[str, Path] | None = field(default=None)


def recording_statuses(
    warehouse: Warehouse, defaults: RecordingOptions, paths: Mapping[str, Path] | None = None
) -> Iterator[PartitionStatus]:
    """Tell where each recording stands.

    Args:
        warehouse: that holds the tables.
        defaults: options of the recordings that say nothing of themselves.
        paths: of the recordings of the source by key; None to leave the source alone.
    """
    states = {name: partition_states(warehouse.table(name)) for name in RECORDINGS_TABLES}
    question = _Question(warehouse, defaults.model_dump(mode="json"), own_options(warehouse.artifacts), paths)
    for recording in sorted({*(name for found in states.values() for name in found), *(paths or {})}):
        found = states_of(states, recording)
        frames = found.get("recording_frames", PartitionState())
        failures = frames.failures("read_error")
        state, reasons = _state(question, found, recording)
        yield partition_status(recording, state, reasons, found, frames.rows, failures)


def _state(question: _Question, found: Mapping[str, PartitionState], recording: str) -> tuple[State, list[str]]:
    if not found:
        return "never run", []
    if question.paths is not None and recording not in question.paths:
        return "vanished", ["the source does not have it any more; its data is kept"]
    absent = [table for table in RECORDINGS_TABLES if table not in found] or _undrawn(question, recording)
    reasons = [f"{name} has not run" for name in absent]
    if question.paths is not None:
        written = found.get("recording_frames", PartitionState()).first_written
        reasons += _changes(question.paths[recording], written, question.own.get(recording, {}))
    own = question.own.get(recording, {})
    for table in RECORDINGS_TABLES:
        reasons += other_configuration(table, found, question.defaults, tuple(own))
    reasons += not_followed(found, UPSTREAM)
    return ("incomplete" if absent else "stale" if reasons else "fresh"), reasons


def _undrawn(question: _Question, recording: str) -> list[str]:
    """Return which maps are missing; that of the phase needs a stimulus."""
    wanted = [name for name in NAMES if name != "phase_map"]
    return [name for name in wanted if not picture_location(question.warehouse, name, recording).exists()]


def changed_recordings(warehouse: Warehouse, paths: Mapping[str, Path]) -> dict[str, bool]:
    """Tell of each recording that was read, by key, whether its files or its options have changed since."""
    frames, own = partition_states(warehouse.table("recording_frames")), own_options(warehouse.artifacts)
    written = {key: state.first_written for key, state in frames.items() if key in paths}
    return {key: bool(_changes(paths[key], when, own.get(key, {}))) for key, when in written.items()}


def _changes(path: Path, written: datetime | None, own: Mapping[str, Any]) -> list[str]:
    """Tell whether the files of a recording, or what it says of itself, have changed since they were read."""
    if written is not None and datetime.fromtimestamp(last_change(path), UTC) > written:
        return ["its files have changed since they were read"]
    try:
        says = read_sidecar(path)
    except SourceError as error:
        return [str(error)]
    return [] if says == own else ["its recording.json says something else now"]
