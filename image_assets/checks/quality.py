"""Checks of what the pictures and features hold: those that block would make everything after them wrong."""

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity

from image_assets.automation.partitions import fruit_class_partitions
from image_assets.checks.declaration import settled_check
from image_assets.fruits.projection import KIND, NAME
from image_assets.fruits.soundness import drift, unknown_labels, unlearned_classes, unsound_rows
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.settings import Settings
from image_assets.warehouse.distinct import distinct_values


def decodable_check(settings: Settings) -> AssetChecksDefinition:
    """Return the check that few pictures of a class fail; it does not block: the others are right."""

    @settled_check(
        asset="decoded_frames",
        name="few_undecodable",
        partitions_def=fruit_class_partitions,
        description=(
            f"At most {settings.max_undecodable_share:.0%} of the pictures of a class cannot be read or decoded; more "
            "look like a corrupt delivery."
        ),
    )
    def few_undecodable(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> AssetCheckResult:
        classes = list(context.partition_keys)
        counts = warehouse.open().table("decoded_frames").counts(classes)
        failed = {name: found.failures("decode_error") for name, found in counts.items()}
        shares = {name: failed[name] / found.rows for name, found in counts.items() if found.rows}
        bad = {name: round(share, 4) for name, share in shares.items() if share > settings.max_undecodable_share}
        return AssetCheckResult(
            passed=not bad,
            severity=AssetCheckSeverity.WARN,
            metadata={
                "undecodable": sum(failed.values()),
                "worst_share": max(shares.values(), default=0.0),
                "over": bad,
            },
        )

    return few_undecodable


@settled_check(
    asset="cnn_features",
    name="features_are_sound",
    blocking=True,
    partitions_def=fruit_class_partitions,
    description="Every feature is a finite number, and no row is all zeros.",
)
def features_are_sound(
    context: AssetCheckExecutionContext, spark: SparkResource, warehouse: WarehouseResource
) -> AssetCheckResult:
    """Look at every feature of the classes of the run, in Spark."""
    table = warehouse.open().table("cnn_features")
    found = unsound_rows(spark.session.sparkContext, table, list(context.partition_keys))
    return AssetCheckResult(
        passed=not (found.not_finite or found.all_zero),
        metadata={"not_finite": found.not_finite, "all_zero": found.all_zero, "examples": list(found.examples)},
    )


@settled_check(
    asset="feature_projection",
    name="one_backbone",
    blocking=True,
    description="All features come from one backbone, and the projection was fitted on it.",
)
def one_backbone(warehouse: WarehouseResource) -> AssetCheckResult:
    """Compare the backbones in the table of features with that of the projection."""
    opened = warehouse.open()
    _, artifact = opened.artifacts.latest(KIND, NAME)
    found = distinct_values(opened.table("cnn_features"), "backbone")
    return AssetCheckResult(
        passed=not set(found) - {artifact.metadata["backbone"]},
        metadata={"projection": artifact.metadata["backbone"], "features": found},
    )


def drift_check(settings: Settings) -> AssetChecksDefinition:
    """Return the check that the features have not moved far since the projection was fitted."""

    @settled_check(
        asset="reduced_features",
        name="little_drift",
        partitions_def=fruit_class_partitions,
        description=(
            f"The mean of the training features lies within {settings.max_drift} standard deviations of that of the "
            "fit. If not: run the job fruits_refit."
        ),
    )
    def little_drift(spark: SparkResource, warehouse: WarehouseResource) -> AssetCheckResult:
        opened = warehouse.open()
        if not distinct_values(opened.table("reduced_features"), "projection"):
            return AssetCheckResult(passed=True, metadata={"why": "no picture has features"})
        distance = drift(spark.session.sparkContext, opened)
        if distance is None:
            return AssetCheckResult(passed=True, metadata={"why": "the projection is random, not fitted"})
        return AssetCheckResult(
            passed=distance <= settings.max_drift, severity=AssetCheckSeverity.WARN, metadata={"drift": distance}
        )

    return little_drift


@settled_check(
    asset="predictions",
    name="labels_are_known",
    blocking=True,
    partitions_def=fruit_class_partitions,
    description="Every predicted label is one that the classifier was fitted to.",
)
def labels_are_known(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> AssetCheckResult:
    """Compare the labels that were predicted with those of the classifier."""
    opened, classes = warehouse.open(), list(context.partition_keys)
    wrong = unknown_labels(opened, classes)
    return AssetCheckResult(
        passed=not wrong,
        metadata={"unknown_labels": wrong, "classes_not_learned_yet": unlearned_classes(opened, classes)},
    )


def quality_checks(settings: Settings) -> list[AssetChecksDefinition]:
    """Return the checks, with the thresholds of the settings."""
    return [decodable_check(settings), features_are_sound, one_backbone, drift_check(settings), labels_are_known]
