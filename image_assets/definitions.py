"""The one `Definitions` object: wiring only.

See https://docs.dagster.io/guides/build/projects-and-components.
"""

import warnings
from collections.abc import Mapping
from typing import Any

from dagster import (
    AssetSelection,
    BetaWarning,
    Definitions,
    PreviewWarning,
    define_asset_job,
    in_process_executor,
    load_assets_from_package_module,
)

from image_assets.resources.settings import resources_of
from image_assets.settings import Settings, load_settings

# Ranges of classes stand on single-run backfills, their checks on partitioned checks; that Dagster calls these
# arguments beta and preview is known.
warnings.filterwarnings("ignore", category=BetaWarning, message="Parameter `backfill_policy`")
warnings.filterwarnings("ignore", category=PreviewWarning, message="Specifying a partitions_def on an AssetCheckSpec")

from image_assets.assets import fruits, recordings, scenes  # noqa: E402 - the filter must stand before assets
from image_assets.checks import counts  # noqa: E402
from image_assets.checks import recordings as recording_checks  # noqa: E402
from image_assets.checks import scenes as scene_checks  # noqa: E402
from image_assets.checks.leakage import no_leakage  # noqa: E402

fruits_job = define_asset_job(
    "fruits",
    AssetSelection.groups("fruits"),
    description="The whole fruits chain for a range of classes, in one run with one Spark session.",
)

imagenet_job = define_asset_job(
    "imagenet",
    AssetSelection.groups("imagenet"),
    description="ImageNet classes and labelled pictures of a range of classes, from their decoded frames.",
)

scenes_job = define_asset_job(
    "scenes",
    AssetSelection.groups("scenes"),
    description="The whole chain of scenes for a range of scenes, in one run with one Spark session.",
)

recordings_job = define_asset_job(
    "recordings",
    AssetSelection.groups("recordings"),
    description="The whole chain of recordings for a range of recordings, in one run with one Spark session.",
)


def build_definitions(
    settings: Settings | None = None, resource_overrides: Mapping[str, Any] | None = None
) -> Definitions:
    """Wire everything together.

    Args:
        settings: of the project; those of the environment by default.
        resource_overrides: resources that take the place of those made from the settings.
    """
    return Definitions(
        assets=[
            *load_assets_from_package_module(fruits),
            *load_assets_from_package_module(scenes),
            *load_assets_from_package_module(recordings),
        ],
        asset_checks=[*counts.checks, no_leakage, *scene_checks.checks, *recording_checks.checks],
        jobs=[fruits_job, imagenet_job, scenes_job, recordings_job],
        resources={**resources_of(settings or load_settings()), **(resource_overrides or {})},
        # Steps of a run share one process, and with it one Spark session.
        executor=in_process_executor,
    )


defs = build_definitions()
