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
    define_asset_job,
    in_process_executor,
    load_assets_from_package_module,
)

from image_assets.resources.settings import resources_of
from image_assets.settings import Settings, load_settings

# Single-run backfills are what ranges of classes stand on; that Dagster calls their argument beta is known.
warnings.filterwarnings("ignore", category=BetaWarning, message="Parameter `backfill_policy`")

from image_assets.assets import fruits  # noqa: E402 - the filter must stand before assets are declared

fruits_job = define_asset_job(
    "fruits",
    AssetSelection.groups("fruits"),
    description="The whole fruits chain for a range of classes, in one run with one Spark session.",
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
        assets=load_assets_from_package_module(fruits),
        jobs=[fruits_job],
        resources={**resources_of(settings or load_settings()), **(resource_overrides or {})},
        # Steps of a run share one process, and with it one Spark session.
        executor=in_process_executor,
    )


defs = build_definitions()
