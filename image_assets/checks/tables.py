"""Checks that each table has the columns of its contract, and each picture one row."""

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, MetadataValue

from image_assets.automation.partitions import fruit_class_partitions
from image_assets.checks.declaration import settled_check
from image_assets.contracts import PARTITION_COLUMNS
from image_assets.fruits.balance import ROWS_OF
from image_assets.fruits.soundness import repeated_paths
from image_assets.resources.warehouse import WarehouseResource

FRUITS_TABLES = ("raw_images", *ROWS_OF, "evaluation")


def schema_check(table: str) -> AssetChecksDefinition:
    """Return the check that the table of an asset has the columns and types of its contract."""

    @settled_check(
        asset=table,
        name="schema",
        blocking=True,
        partitions_def=None if table in PARTITION_COLUMNS else fruit_class_partitions,
        description="The table has exactly the columns of its contract, with their types, in their order.",
    )
    def schema(warehouse: WarehouseResource) -> AssetCheckResult:
        opened = warehouse.open().table(table)
        expected = opened.contract_types()
        found = opened.stored_types() if opened.exists() else expected
        missing = [f"{name}: {kind} is missing" for name, kind in expected.items() if found.get(name) != kind]
        excess = [f"{name}: {kind} is not expected" for name, kind in found.items() if expected.get(name) != kind]
        lines = [*missing, *excess]
        if not lines and list(found) != list(expected):
            lines = [f"the order of the columns is {', '.join(found)}"]
        return AssetCheckResult(
            passed=not lines, metadata={"columns": len(found), "differences": MetadataValue.json(lines)}
        )

    return schema


def paths_check(table: str) -> AssetChecksDefinition:
    """Return the check that no path stands twice in a class, so that each picture has one digest."""

    @settled_check(
        asset=table,
        name="one_row_per_picture",
        blocking=True,
        partitions_def=fruit_class_partitions,
        description="No path stands twice in a class: each picture has one row and one digest.",
    )
    def one_row_per_picture(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> AssetCheckResult:
        classes = list(context.partition_keys)
        repeated = repeated_paths(warehouse.open().table(table), classes)
        return AssetCheckResult(
            passed=not repeated, metadata={"classes_checked": len(classes), "classes_with_repeated_paths": repeated}
        )

    return one_row_per_picture


checks = [*(schema_check(table) for table in FRUITS_TABLES), paths_check("raw_images")]
