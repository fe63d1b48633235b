"""Check that no picture stands on both sides of the split."""

from dataclasses import asdict

from dagster import AssetCheckResult, AssetCheckSeverity

from image_assets.checks.declaration import settled_check
from image_assets.fruits.near_duplicates import count_duplicates
from image_assets.resources.warehouse import WarehouseResource


@settled_check(
    asset="near_duplicates",
    description="No test picture has a duplicate, exact or near, in the training split; only a warning, nothing stops.",
)
def no_leakage(warehouse: WarehouseResource) -> AssetCheckResult:
    """Count the test pictures that the training split holds as well."""
    counts = count_duplicates(warehouse.open().table("near_duplicates"))
    return AssetCheckResult(
        passed=counts.exact_leaks + counts.near_leaks == 0,
        severity=AssetCheckSeverity.WARN,
        metadata=asdict(counts),
    )
