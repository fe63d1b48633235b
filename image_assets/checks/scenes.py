"""Checks of the chain of scenes: covered exactly once, borders, strategies, the filter of the whole picture.

They compute a few tiles anew from the source tiles, without Spark, and compare bit for bit.
"""

from collections.abc import Callable, Mapping, Sequence

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition

from image_assets.automation.partitions import scene_partitions
from image_assets.checks.declaration import settled_check
from image_assets.errors import WarehouseError
from image_assets.resources.warehouse import WarehouseResource
from image_assets.scenes.verification import SceneVerification

Question = Callable[[SceneVerification], Sequence[str]]
"""Returns what is wrong with a scene."""


def scene_check(asset: str, name: str, description: str, question: Question, blocking: bool) -> AssetChecksDefinition:
    """Return the check that a question finds nothing wrong with the scenes of the run."""

    @settled_check(asset=asset, name=name, blocking=blocking, partitions_def=scene_partitions, description=description)
    def check(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> AssetCheckResult:
        opened, scenes = warehouse.open(), list(context.partition_keys)
        wrong: Mapping[str, Sequence[str]] = {
            scene: found for scene in scenes if (found := question(SceneVerification(opened, scene)))
        }
        return AssetCheckResult(
            passed=not wrong,
            metadata={
                "scenes_checked": len(scenes),
                "wrong": [f"{scene}: {problem}" for scene, problems in wrong.items() for problem in problems],
            },
        )

    return check


def _source(scene: SceneVerification) -> list[str]:
    try:
        scene.source  # noqa: B018 - finding the tiles is the question
    except WarehouseError as error:
        return [str(error)]
    return []


def _result(scene: SceneVerification) -> list[str]:
    try:
        return scene.other_tiles()
    except WarehouseError as error:
        return [str(error)]


def _statistics(scene: SceneVerification) -> list[str]:
    expected, found = scene.result.keys(), scene.keys_of("tile_statistics")
    return [] if found == expected else [f"{len(found)} rows of statistics for {len(expected)} tiles"]


def _borders(scene: SceneVerification) -> list[str]:
    return [f"tile x={tile.x}, y={tile.y} is not what its neighbourhood gives" for tile in scene.wrong_borders()]


def _strategies(scene: SceneVerification) -> list[str]:
    return [f"{name} gives another tile x={tile.x}, y={tile.y}" for name, tile in scene.disagreements()]


def _whole(scene: SceneVerification) -> list[str]:
    wrong = scene.wrong_in_whole() or []
    return [f"tile x={tile.x}, y={tile.y} differs from the filter of the whole picture" for tile in wrong]


checks = [
    scene_check(
        "source_tiles",
        "tiles_cover_the_scene",
        "The tiles of each scene cover it exactly once; those at the right and bottom border have the sizes that are "
        "left.",
        _source,
        blocking=True,
    ),
    scene_check(
        "reconstructed_tiles",
        "same_tiles_as_the_source",
        "Each scene has the same tiles as source_tiles: none is lost, none is there twice.",
        _result,
        blocking=True,
    ),
    scene_check(
        "reconstructed_tiles",
        "borders_are_right",
        "The tiles in the corners, and one in the middle, are what their neighbourhood, clipped at the borders of the "
        "scene, gives.",
        _borders,
        blocking=False,
    ),
    scene_check(
        "reconstructed_tiles",
        "strategies_agree",
        "All three strategies give the stored tiles in the corners and in the middle, bit for bit.",
        _strategies,
        blocking=False,
    ),
    scene_check(
        "reconstructed_tiles",
        "equals_the_whole_picture",
        "The stitched tiles equal the filter of the whole picture, pixel for pixel. Scenes of more than 64 MiB, and "
        "reconstructions that are defined by tiles, are not compared.",
        _whole,
        blocking=False,
    ),
    scene_check(
        "tile_statistics",
        "every_tile_is_described",
        "There is one row of statistics for each reconstructed tile.",
        _statistics,
        blocking=True,
    ),
]
