"""The one `Definitions` object: wiring only.

See https://docs.dagster.io/guides/build/projects-and-components.
"""

import warnings
from collections.abc import Mapping
from typing import Any

from dagster import (
    BetaWarning,
    Definitions,
    PreviewWarning,
    in_process_executor,
    load_assets_from_package_module,
)

from image_assets.resources.settings import resources_of
from image_assets.settings import Settings, load_settings

# Ranges of classes stand on single-run backfills, their checks on partitioned checks; that Dagster calls these
# arguments beta and preview is known.
warnings.filterwarnings("ignore", category=BetaWarning, message="Parameter `backfill_policy`")
warnings.filterwarnings("ignore", category=PreviewWarning, message="Specifying a partitions_def on an AssetCheckSpec")
warnings.filterwarnings("ignore", category=BetaWarning, message="Class `(LocalFile)?CodeReference")

from image_assets.assets import fruits, recordings, scenes  # noqa: E402 - the filter must stand before assets
from image_assets.assets.code_links import with_code_links  # noqa: E402
from image_assets.automation.discovery import discovery_sensor  # noqa: E402
from image_assets.automation.jobs import jobs  # noqa: E402
from image_assets.automation.maintenance import vacuum_job  # noqa: E402
from image_assets.automation.recording_sensor import new_recordings  # noqa: E402
from image_assets.automation.scene_sensor import new_scenes  # noqa: E402
from image_assets.automation.schedules import schedules  # noqa: E402
from image_assets.checks import counts, tables  # noqa: E402
from image_assets.checks import recordings as recording_checks  # noqa: E402
from image_assets.checks import scenes as scene_checks  # noqa: E402
from image_assets.checks.accuracy import accuracy_check  # noqa: E402
from image_assets.checks.leakage import no_leakage  # noqa: E402
from image_assets.checks.quality import quality_checks  # noqa: E402


def build_definitions(
    settings: Settings | None = None, resource_overrides: Mapping[str, Any] | None = None
) -> Definitions:
    """Wire everything together.

    Args:
        settings: of the project; those of the environment by default. How often assets are retried, and when they are
            overdue, is declared with the assets and comes from the environment in any case.
        resource_overrides: resources that take the place of those made from the settings.

    Raises:
        SettingsError: a setting has a value that cannot work, or the engine does not run on the device or in the
            precision that are set.
    """
    settings = settings or load_settings()
    vacuum = vacuum_job(settings)
    resources = resources_of(settings)
    resources["backbone"].options(settings.spark_task_cpus)  # an engine that cannot be is refused before anything runs
    return Definitions(
        assets=with_code_links(
            [
                *load_assets_from_package_module(fruits),
                *load_assets_from_package_module(scenes),
                *load_assets_from_package_module(recordings),
            ],
        ),
        asset_checks=[
            *counts.checks,
            *tables.checks,
            *quality_checks(settings),
            accuracy_check(settings),
            no_leakage,
            *scene_checks.checks,
            *recording_checks.checks,
        ],
        jobs=[*jobs, vacuum],
        schedules=schedules(settings, vacuum),
        sensors=[discovery_sensor(settings), new_scenes, new_recordings],
        resources={**resources, **(resource_overrides or {})},
        # Steps of a run share one process, and with it one Spark session.
        executor=in_process_executor,
    )


defs = build_definitions()
