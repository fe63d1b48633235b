"""How checks are declared: as Dagster's, and tried again after errors of machines and networks, as assets are.

A blocking check that cannot reach the tables stops the run as surely as an asset that cannot.
"""

from collections.abc import Callable
from typing import Any

from dagster import AssetChecksDefinition, asset_check

from image_assets.assets.settled import no_vain_retries, retry_policy


def settled_check(**options: Any) -> Callable[[Callable[..., Any]], AssetChecksDefinition]:
    """Return a decorator like Dagster's `asset_check`, with the same options."""

    def declare(compute: Callable[..., Any]) -> AssetChecksDefinition:
        return asset_check(**options, retry_policy=retry_policy())(no_vain_retries(compute))

    return declare
