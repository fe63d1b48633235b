"""Checks that counts balance along the chain: raw images = frames, features = frames that are no failure."""

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition

from image_assets.automation.partitions import fruit_class_partitions
from image_assets.checks.declaration import settled_check
from image_assets.fruits.balance import ROWS_OF, imbalances
from image_assets.resources.warehouse import WarehouseResource


def counts_check(table: str) -> AssetChecksDefinition:
    """Return the check that a table has a row for each row of the table before it, but for failures."""
    upstream, error_column = ROWS_OF[table]
    rows = "rows without a failure" if error_column else "rows"

    @settled_check(
        asset=table,
        name="counts_balance",
        blocking=True,
        partitions_def=fruit_class_partitions,
        description=f"Each class has as many rows as {upstream} has {rows}: nothing is lost, nothing is doubled.",
    )
    def counts_balance(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> AssetCheckResult:
        classes = list(context.partition_keys)
        wrong = imbalances(warehouse.open(), table, classes)
        return AssetCheckResult(
            passed=not wrong,
            metadata={
                "classes_checked": len(classes),
                "imbalances": [f"{item.fruit_class}: {item.found} rows, expected {item.expected}" for item in wrong],
            },
        )

    return counts_balance


checks = [counts_check(table) for table in ROWS_OF]
