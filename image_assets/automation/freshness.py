"""How old the fruits chain may become before the UI says so.

See https://docs.dagster.io/guides/observe/asset-freshness-policies.
"""

from datetime import timedelta

from dagster import FreshnessPolicy

from image_assets.settings import Settings, load_settings

WARN_SHARE = 0.75
"""Of the age at which assets count as overdue."""


def warn_window(settings: Settings) -> timedelta:
    """Return the age at which assets are about to be overdue."""
    return timedelta(hours=settings.freshness_hours) * WARN_SHARE


def freshness() -> FreshnessPolicy:
    """Return how old the chain may become: as the nightly schedule keeps it, and a margin."""
    settings = load_settings()
    return FreshnessPolicy.time_window(
        fail_window=timedelta(hours=settings.freshness_hours), warn_window=warn_window(settings)
    )
