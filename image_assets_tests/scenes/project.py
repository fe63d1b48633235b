"""The chain of scenes over small scenes of several formats, with a warehouse and a Dagster instance of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import tifffile
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

from image_assets.automation.partitions import SCENE, range_tags, register_classes
from image_assets.definitions import build_definitions
from image_assets.settings import Settings
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.scene import Pixels
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

TILE = 64
STUDY = "generated_300x200x4_int16_seed5"
SKY = "deep--sky_1.tif"
GREY = "grey.png"
BROKEN = "broken.tif"
SCENES = [SKY, STUDY, GREY]
SIZES = {SKY: (230, 190), STUDY: (300, 200), GREY: (130, 100)}
"""Width and height; none is a multiple of the tile size."""


def pixels_of(scene: str) -> Pixels:
    """Return a whole scene."""
    if scene == STUDY:
        return GeneratedScene.from_name(STUDY).read_window(0, 0, 300, 200)
    channels = 3 if scene == SKY else 1
    return GeneratedScene(3, *SIZES[scene], channels).read_window(0, 0, *SIZES[scene])


def write_scenes(folder: Path) -> Path:
    """Write a tiled TIFF in a folder of its own, a PNG, a broken TIFF, and files that are no scenes."""
    (folder / "deep").mkdir(parents=True)
    tifffile.imwrite(folder / "deep/sky 1.tif", pixels_of(SKY), tile=(32, 32), compression="zlib")
    (folder / GREY).write_bytes(imagecodecs.png_encode(pixels_of(GREY)[..., 0]))
    (folder / BROKEN).write_bytes(b"II*\0 cut short")
    (folder / "notes.txt").write_text("no scene")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


@dataclass(frozen=True)
class SceneProject:
    """A folder with scenes in `source` and tables in `warehouse`, and the instance that keeps the records."""

    root: Path
    instance: DagsterInstance

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.at(self.root / "warehouse")

    def table(self, name: str) -> Table:
        return self.warehouse.table(name)

    def register(self, *scenes: str) -> None:
        register_classes(self.instance, list(scenes), SCENE)

    def run(
        self, *assets: str, job_name: str = "__ASSET_JOB", scenes: Sequence[str] = (), source: str = "", **settings: Any
    ) -> "Run":
        """Materialize assets, or all of a job if none is named."""
        chosen = Settings(
            **{
                "scenes": source or f"{self.root / 'source'}, {STUDY}",
                "warehouse": str(self.root / "warehouse"),
                "scenes_tile_size": TILE,
                **settings,
            }
        )
        result = (
            build_definitions(chosen)
            .resolve_job_def(job_name)
            .execute_in_process(
                instance=self.instance,
                asset_selection=[AssetKey(name) for name in assets] or None,
                tags=range_tags(self.instance, scenes, SCENE) if scenes else {},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
        )
        return Run(self, result)


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    project: SceneProject
    result: ExecuteInProcessResult

    def metadata(self, asset: str) -> dict[str | None, dict[str, Any]]:
        """Return the values of the metadata of an asset, by scene."""
        return {
            event.partition: {name: entry.value for name, entry in event.metadata.items()}
            for event in self.result.asset_materializations_for_node(asset)
        }

    def checks(self) -> dict[str, bool]:
        """Return whether each check passed."""
        return {found.check_name: found.passed for found in self.result.get_asset_check_evaluations()}

    @property
    def failure(self) -> str:
        """Return what the failed step says."""
        for event in self.result.all_events:
            if event.is_step_failure:
                data = event.step_failure_data
                if data.user_failure_data and data.user_failure_data.description:
                    return data.user_failure_data.description
                return "" if data.error is None else (data.error.cause or data.error).message.strip()
        raise AssertionError("no step failed")
