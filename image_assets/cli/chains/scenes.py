"""The chain of very large pictures, as the command line sees it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from image_assets.chain_tables import SCENES_TABLES
from image_assets.cli.chains.chain import Chain, Inspection, Rows, Shown
from image_assets.cli.console import table
from image_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.table import Table

    from image_assets.resources.scenes import SceneResource
    from image_assets.scenes.catalogue import SceneEntry
    from image_assets.warehouse.following import PartitionStatus


def _source(settings: Settings) -> "SceneResource":
    from image_assets.resources.settings import resources_of

    found: SceneResource = resources_of(settings)["scenes_source"]
    return found


def _has_source(settings: Settings) -> bool:
    """Whether there is a source to ask: one that was set, or the samples where they are."""
    from pathlib import Path

    there = "scenes" in settings.model_fields_set or Path(settings.scenes).is_dir()
    return there and settings.asks_for("scenes")


def _entries(settings: Settings, compare: bool) -> "dict[str, SceneEntry] | None":
    """Return the scenes of the source; None where it is left alone or there is none."""
    return _source(settings).catalogue.entries() if compare and _has_source(settings) else None


def _scene_names(settings: Settings) -> list[str]:
    from image_assets.errors import SourceError
    from image_assets.scenes.catalogue import NO_SCENES

    known, reasons = _source(settings).catalogue.describe_all()
    if not known:
        found = "; ".join(reasons.values()) or "it is empty"
        raise SourceError(f"{settings.scenes} holds no scene that can be opened ({found}): {NO_SCENES}")
    return list(known)


def _has_scenes(settings: Settings) -> bool:
    return bool(_entries(settings, True))


def _scene_results(settings: Settings, scenes: Sequence[str]) -> Rows:
    from image_assets.scenes.tile_tables import stored_scene
    from image_assets.warehouse.warehouse import Warehouse

    warehouse = Warehouse.at(settings.warehouse)
    rows = []
    for scene in scenes:
        grid = stored_scene(warehouse.table("reconstructed_tiles"), scene).grid
        (found,) = warehouse.table("reconstructed_scene").read(["reconstruction", "path"], [scene]).to_pylist()
        rows.append({"scene": scene, "width": grid.width, "height": grid.height, "tiles": len(grid), **found})
    return rows


def _draw_scenes(settings: Settings, rows: Rows) -> "Table":  # noqa: ARG001
    return table(
        "Result",
        ("scene", "pixels>", "tiles>", "reconstruction", "file"),
        [
            (
                row["scene"],
                f"{row['width']:,} x {row['height']:,}",
                f"{row['tiles']:,}",
                row["reconstruction"],
                row["path"],
            )
            for row in rows
        ],
    )


def _known(settings: Settings, compare: bool) -> set[str]:
    from image_assets.warehouse.warehouse import Warehouse

    stored = Warehouse.at(settings.warehouse).table("source_tiles").counts()
    return {*stored, *(_entries(settings, compare) or ())}


def _statuses(settings: Settings, scenes: Sequence[str], compare: bool) -> "Iterator[PartitionStatus]":
    from image_assets.scenes.status import scene_statuses
    from image_assets.warehouse.warehouse import Warehouse

    source = _source(settings)
    options = source.options
    expected: dict[str, dict[str, Any]] = {
        "source_tiles": {"tile_size": source.tile_size},
        "reconstructed_tiles": {
            "name": options.name,
            "parameters": dict(options.parameters),
            "n_size": options.n_size,
        },
        "scene_preview": {"longest_side": source.preview_size},
    }
    found = scene_statuses(Warehouse.at(settings.warehouse), expected, _entries(settings, compare))
    return (item for item in found if item.partition in scenes)


def _failures(settings: Settings, scenes: Sequence[str] | None) -> "Iterator[pa.RecordBatch]":
    """Look at the source now: no table has a row of a file that cannot be opened, or a folder that cannot be listed."""
    from image_assets.errors import ImageAssetsError
    from image_assets.warehouse.failures import failure_batch

    if not _has_source(settings):
        return
    try:
        reasons = _source(settings).catalogue.describe_all()[1]
    except (ImageAssetsError, OSError) as error:
        yield failure_batch(settings.scenes, settings.scenes, str(error), "scenes")
        return
    for scene, reason in reasons.items():
        if scenes is None or scene in scenes:
            yield failure_batch(scene, scene, reason, "scenes")


def _show(settings: Settings, scene: str, table_name: str | None, _count: int) -> Shown:
    from image_assets.errors import WarehouseError
    from image_assets.scenes.preview import stored_pictures
    from image_assets.vision.contact_sheet import side_by_side
    from image_assets.warehouse.warehouse import Warehouse

    previews = Warehouse.at(settings.warehouse).table("scene_preview")
    found = stored_pictures(previews, scene)
    names = [name for name in ([table_name] if table_name else SHOWN) if name in found]
    if not names:
        raise WarehouseError(
            f"{previews.name} at {previews.root.uri} holds nothing of {scene}: run image-assets run --chain scenes "
            "first"
        )
    return Shown(side_by_side([found[name] for name in names]), f"{' and '.join(names)} of {scene}")


SHOWN = ("source_tiles", "reconstructed_tiles")
SCENES = Chain(
    name="scenes",
    job="scenes",
    describe="very large pictures, tile by tile: reconstruction, statistics, previews, one file",
    available=_scene_names,
    place=lambda settings: f"the source of scenes {settings.scenes}",
    partitions="scene",
    kept=lambda _: set(),
    results=_scene_results,
    draw=_draw_scenes,
    nouns=("scene", "scenes"),
    next_step="Look at a scene: image-assets show SCENE, or make dev.",
    with_all=_has_scenes,
    inspection=Inspection(
        rows="tiles",
        tables=SCENES_TABLES,
        known=_known,
        statuses=_statuses,
        failures=_failures,
        shown=SHOWN,
        draw=_show,
    ),
)
