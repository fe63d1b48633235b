"""How the assets of the fruits chain are declared."""

from typing import Any

from dagster import BackfillPolicy

from image_assets.assets.metadata import table_schema
from image_assets.assets.settled import retry_policy
from image_assets.automation.freshness import freshness
from image_assets.automation.partitions import fruit_class_partitions
from image_assets.contracts import TABLES

GROUP = "fruits"
IMAGENET_GROUP = "imagenet"
"""Beside the chain: a network pass of its own, so that a run of the chain does not pay for it."""
OWNERS = ["team:image-assets"]
POOL = "spark"


def partitioned(table: str, kinds: set[str], code_version: str, group: str = GROUP) -> dict[str, Any]:
    """Return the arguments of `@asset` for a table partitioned by class."""
    return {
        **unpartitioned(kinds, code_version, group),
        "partitions_def": fruit_class_partitions,
        # One run, one Spark session for a whole range of classes.
        "backfill_policy": BackfillPolicy.single_run(),
        "metadata": {"dagster/column_schema": table_schema(TABLES[table])},
    }


def unpartitioned(kinds: set[str], code_version: str, group: str = GROUP) -> dict[str, Any]:
    """Return the arguments of `@asset` for one that covers all classes."""
    return {
        "group_name": group,
        "owners": OWNERS,
        "kinds": kinds,
        "code_version": code_version,
        "pool": POOL,
        "freshness_policy": freshness() if group == GROUP else None,
        "retry_policy": retry_policy(),
    }
