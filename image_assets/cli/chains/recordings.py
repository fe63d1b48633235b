"""The chain of recordings, as the command line sees it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from image_assets.chain_tables import RECORDINGS_TABLES
from image_assets.cli.chains.chain import Chain, Inspection, Rows, Shown
from image_assets.cli.console import number, table
from image_assets.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from rich.table import Table

    from image_assets.warehouse.following import PartitionStatus


def _recordings(settings: Settings) -> list[str]:
    from pathlib import Path

    from image_assets.recordings.listing import find_recordings

    return list(find_recordings(Path(settings.recordings)))


def _has_recordings(settings: Settings) -> bool:
    from pathlib import Path

    return settings.asks_for("recordings") and Path(settings.recordings).is_dir()


def _recording_results(settings: Settings, recordings: Sequence[str]) -> Rows:
    from dataclasses import asdict

    from image_assets.recordings.summary import recording_results
    from image_assets.warehouse.warehouse import Warehouse

    return [asdict(result) for result in recording_results(Warehouse.at(settings.warehouse), recordings)]


def _draw_recordings(settings: Settings, rows: Rows) -> "Table":  # noqa: ARG001
    cells = [
        (
            row["recording"],
            f"{row['frames']:,}",
            number(row["failures"]),
            f"{row['dtype']} {' x '.join(map(str, row['shape']))}",
            f"{row['selected']:,}",
            " ".join(f"{size:,}" for size in row["cluster_sizes"]),
        )
        for row in rows
    ]
    return table("Result", ("recording", "frames>", "failures>", "volume", "clustered voxels>", "clusters"), cells)


def _paths(settings: Settings, compare: bool) -> "dict[str, Path] | None":
    from pathlib import Path

    from image_assets.recordings.listing import find_recordings

    root = Path(settings.recordings)
    return find_recordings(root) if compare and settings.asks_for("recordings") and root.is_dir() else None


def _known(settings: Settings, compare: bool) -> set[str]:
    from image_assets.warehouse.warehouse import Warehouse

    stored = Warehouse.at(settings.warehouse).table("recording_frames").counts()
    return {*stored, *(_paths(settings, compare) or ())}


def _statuses(settings: Settings, recordings: Sequence[str], compare: bool) -> "Iterator[PartitionStatus]":
    from image_assets.recordings.status import recording_statuses
    from image_assets.resources.settings import resources_of
    from image_assets.warehouse.warehouse import Warehouse

    defaults = resources_of(settings)["recordings_source"].defaults
    found = recording_statuses(Warehouse.at(settings.warehouse), defaults, _paths(settings, compare))
    return (item for item in found if item.partition in recordings)


def _failures(settings: Settings, recordings: Sequence[str] | None) -> "Iterator[pa.RecordBatch]":
    from image_assets.warehouse.failures import FRAME_COLUMNS, table_failures
    from image_assets.warehouse.warehouse import Warehouse

    frames = Warehouse.at(settings.warehouse).table("recording_frames")
    return table_failures(frames, sorted(frames.counts()) if recordings is None else recordings, FRAME_COLUMNS)


def _show(settings: Settings, recording: str, table_name: str | None, _count: int) -> Shown:
    from image_assets.errors import WarehouseError
    from image_assets.recordings.maps import stored_maps
    from image_assets.vision.contact_sheet import side_by_side
    from image_assets.warehouse.warehouse import Warehouse

    warehouse = Warehouse.at(settings.warehouse)
    found = stored_maps(warehouse, recording)
    names = [name for name in ([table_name] if table_name else SHOWN) if name in found]
    if not names:
        raise WarehouseError(
            f"{warehouse.root.uri} holds no {table_name or 'map'} of {recording}: run image-assets run --chain "
            "recordings first; phase_map needs the period of the stimulus"
        )
    return Shown(side_by_side([found[name] for name in names]), f"{', '.join(names)} of {recording}")


SHOWN = ("std_map", "phase_map", "cluster_map")
RECORDINGS = Chain(
    name="recordings",
    job="recordings",
    describe="image sequences over time: frames, pixel series, features, clusters, maps",
    available=_recordings,
    place=lambda settings: f"the source {settings.recordings}",
    partitions="recording",
    kept=lambda _: set(),
    results=_recording_results,
    draw=_draw_recordings,
    next_step="Look at the maps: image-assets show RECORDING, or make dev.",
    nouns=("recording", "recordings"),
    with_all=_has_recordings,
    inspection=Inspection(
        rows="frames",
        tables=RECORDINGS_TABLES,
        known=_known,
        statuses=_statuses,
        failures=_failures,
        shown=SHOWN,
        draw=_show,
    ),
)
