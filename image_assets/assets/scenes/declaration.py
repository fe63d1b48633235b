"""How the assets of the chain of scenes are declared and what all of them record."""

from collections.abc import Callable, Sequence
from typing import Any

from dagster import AssetExecutionContext, BackfillPolicy, MaterializeResult, MetadataValue

from image_assets.assets.fruits.declaration import unpartitioned
from image_assets.assets.materialization import (
    StageProgress,
    commit_properties,
    provenance,
    recompute_asked,
    requested_classes,
)
from image_assets.assets.metadata import counts_metadata, preview, table_schema
from image_assets.assets.outcomes import Metadata, code_version, report_outcomes
from image_assets.automation.partitions import scene_partitions
from image_assets.contracts import TABLES
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.scenes.tile_tables import stored_scene
from image_assets.spark.partitions import Compute, Unchanged, commit_partitions
from image_assets.spark.side_by_side import Outcome
from image_assets.warehouse.recipes import recipe_name, recipes_of
from image_assets.warehouse.table import Table

GROUP = "scenes"


def partitioned(table: str, kinds: set[str], code_version: str) -> dict[str, Any]:
    """Return the arguments of `@asset` for a table partitioned by scene."""
    return {
        **unpartitioned(kinds, code_version, GROUP),
        "partitions_def": scene_partitions,
        "backfill_policy": BackfillPolicy.single_run(),
        "metadata": {"dagster/column_schema": table_schema(TABLES[table])},
    }


def materialize_scenes(
    context: AssetExecutionContext,
    spark: SparkResource,
    progress: Progress,
    target: Table,
    compute: Compute,
    *,
    recipe: Metadata | Callable[[str], Metadata],
    inherited: Sequence[Table],
    reuse: ReuseResource,
    intact: Callable[[str], bool] = lambda _: True,
    pixels: Table | None,
    configuration: Metadata,
    read: Metadata | None = None,
    describe: Callable[[Outcome], Metadata] = lambda _: {},
) -> MaterializeResult[Any]:
    """Compute the scenes of the run, replace each in one commit, and record what came of it.

    A scene that the table has already, computed from the same with the same settings, stays as it is.

    Args:
        context: of the asset.
        spark: the session.
        progress: hears of the stage.
        target: the table of the asset.
        compute: writes the files of one scene.
        recipe: what decides the result besides the tables before, as JSON values; of every scene or by scene.
        inherited: tables that it is computed from.
        reuse: whether everything is computed anew.
        intact: whether what belongs to a scene beside the table is there.
        pixels: table of tiles whose pixels the stage went through, for its speed.
        configuration: what every scene is computed with, as JSON values; recorded with each and in the Delta log.
        read: versions of what was read, by name; recorded likewise, and no part of the configuration.
        describe: metadata of one finished scene, besides counts and speed.
    """
    known = provenance(context, configuration, read)

    def recipe_of(scene: str) -> str:
        values = recipe(scene) if callable(recipe) else recipe
        upstream = {name for table in inherited for name in recipes_of(table, table.files([scene]))}
        return recipe_name(target.name, code_version(context), values, upstream)

    with StageProgress(progress, target.name) as on_progress:
        outcomes = commit_partitions(
            spark.session,
            target,
            requested_scenes(context),
            compute,
            unchanged=Unchanged(recipe_of, intact, recompute_asked(context, reuse)),
            on_progress=on_progress,
            commit_properties=commit_properties(context, configuration, read),
        )
        return report_outcomes(
            context,
            outcomes,
            lambda outcome: {
                **counts_metadata(outcome),
                **describe(outcome),
                **_speed(outcome, target, pixels),
                **preview(target, outcome.partition),
                **known,
            },
        )


def requested_scenes(context: AssetExecutionContext) -> Sequence[str]:
    """Return the scenes of the run; a Failure if there are none."""
    return requested_classes(context)


def _speed(outcome: Outcome, target: Table, pixels: Table | None) -> Metadata:
    found: dict[str, Any] = {
        "seconds": round(outcome.seconds, 3),
        "bytes": sum(file.size for file in outcome.files),
        "delta_version": outcome.version,
        "dagster/uri": MetadataValue.text(target.root.uri),
    }
    if pixels is None or (outcome.changed and not outcome.changed.computed):
        return found
    megapixels = stored_scene(pixels, outcome.partition).grid.window.area / 1e6
    return {
        **found,
        "megapixels": round(megapixels, 3),
        "megapixels_per_second": round(megapixels / max(outcome.seconds, 1e-9), 1),
    }
