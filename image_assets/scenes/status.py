"""Where each scene stands: what the tables hold of it, and whether it follows its file and the settings."""

from collections.abc import Iterator, Mapping
from typing import Any

from image_assets.chain_tables import SCENES_TABLES
from image_assets.errors import ImageAssetsError
from image_assets.scenes.catalogue import SceneEntry
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
    "reconstructed_tiles": ("source_tiles",),
    "tile_statistics": ("reconstructed_tiles",),
    "scene_preview": ("source_tiles", "reconstructed_tiles"),
    "reconstructed_scene": ("reconstructed_tiles",),
}

SETTINGS = {
    "tile_size": "IMAGE_ASSETS_SCENES_TILE_SIZE",
    "name": "IMAGE_ASSETS_SCENES_RECONSTRUCTION",
    "parameters": "IMAGE_ASSETS_SCENES_PARAMETERS",
    "n_size": "IMAGE_ASSETS_SCENES_RADIUS",
    "longest_side": "IMAGE_ASSETS_SCENES_PREVIEW_SIZE",
}
"""What sets the parts of a configuration, as commits record them."""


def scene_statuses(
    warehouse: Warehouse,
    expected: Mapping[str, Mapping[str, Any]],
    entries: Mapping[str, SceneEntry] | None = None,
) -> Iterator[PartitionStatus]:
    """Tell where each scene stands.

    Args:
        warehouse: that holds the tables.
        expected: the settings of today that decide what a table holds, as JSON values, by table.
        entries: the scenes of the source by key; None to leave the source alone.
    """
    states = {name: partition_states(warehouse.table(name)) for name in SCENES_TABLES}
    stored = {name for found in states.values() for name in found}
    for scene in sorted({*stored, *(entries or {})}):
        found = states_of(states, scene)
        tiles = found.get("source_tiles", PartitionState())
        state, reasons = _state(found, expected, scene, entries)
        yield partition_status(scene, state, reasons, found, tiles.rows, int(state == "unreadable"))


def changed_scenes(warehouse: Warehouse, entries: Mapping[str, SceneEntry]) -> dict[str, bool]:
    """Tell of each scene that has tiles, by key, whether its file has changed since it was cut into them."""
    tiles = partition_states(warehouse.table("source_tiles"))
    return {key: _has_changed(state, entries[key]) for key, state in tiles.items() if key in entries}


def _state(
    found: Mapping[str, PartitionState],
    expected: Mapping[str, Mapping[str, Any]],
    scene: str,
    entries: Mapping[str, SceneEntry] | None,
) -> tuple[State, list[str]]:
    if not found:
        problem = _problem((entries or {})[scene])
        return ("unreadable", [problem]) if problem else ("never run", [])
    if entries is not None and scene not in entries:
        return "vanished", ["the source does not have it any more; its data is kept"]
    reasons = [f"{table} has not run" for table in SCENES_TABLES if table not in found]
    incomplete = bool(reasons)
    if entries and "source_tiles" in found and _has_changed(found["source_tiles"], entries[scene]):
        reasons.append("the file has changed since it was cut into tiles")
    for table, wanted in expected.items():
        reasons += other_configuration(table, found, wanted, names=SETTINGS)
    reasons += not_followed(found, UPSTREAM)
    return ("incomplete" if incomplete else "stale" if reasons else "fresh"), reasons


def _has_changed(tiles: PartitionState, entry: SceneEntry) -> bool:
    """Whether the file is younger than the tiles that were cut of it."""
    return tiles.first_written is not None and entry.modified is not None and entry.modified > tiles.first_written


def _problem(entry: SceneEntry) -> str | None:
    try:
        entry.describe()
    except (ImageAssetsError, OSError) as error:
        return str(error)
    return None
