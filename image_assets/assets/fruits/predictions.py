"""Assets `fruit_classifier`, `predictions` and `evaluation`: which fruit it is, and how sure one can be."""

from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, DataVersion, MaterializeResult, MetadataValue, ResourceParam, asset

from image_assets.assets.fruits.declaration import partitioned, unpartitioned
from image_assets.assets.fruits.fitting import keeps_fit
from image_assets.assets.fruits.reduced_features import reduced_features
from image_assets.assets.materialization import provenance, transform_classes
from image_assets.assets.metadata import picture, table_schema
from image_assets.assets.settled import no_vain_retries
from image_assets.contracts import TABLES
from image_assets.fruits.classifier import (
    KIND,
    NAME,
    SOURCE_COLUMNS,
    fit_classifier,
    load_classifier,
    outdated_classifier,
    prediction_kernel,
)
from image_assets.fruits.evaluation import evaluate, mistakes_sheet, publish_scores
from image_assets.plots import confusion_plot
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.stages import ClassifierResource
from image_assets.resources.warehouse import WarehouseResource

LOGGED_PASSES = 10
"""Passes of a fit between two lines in the log."""


@asset(deps=[reduced_features], **unpartitioned({"spark", "numpy"}, code_version="1"))
@no_vain_retries
def fruit_classifier(
    context: AssetExecutionContext,
    classifier: ClassifierResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
) -> MaterializeResult[Any]:
    """The classifier of reduced features, fitted to the training split of all classes.

    In the job `fruits` a classifier that serves is kept.
    """
    opened = warehouse.open()

    def on_pass(number: int, loss: float, gradient: float) -> None:
        if number % LOGGED_PASSES == 0:
            context.log.info(f"pass {number}: loss {loss:.5f} per picture, largest gradient {gradient:.1e}")

    features, digest = opened.table("reduced_features"), opened.artifacts.resolve(KIND, NAME)
    kept = keeps_fit(
        context,
        features,
        fitted=digest is not None,
        outdated=lambda: outdated_classifier(opened.artifacts, features, classifier.options),
    )
    if digest is None or not kept:
        fitted = fit_classifier(spark.session.sparkContext, features, classifier.options, on_pass)
        digest = opened.artifacts.publish(KIND, NAME, fitted)
    artifact = opened.artifacts.load(KIND, digest)
    if not artifact.metadata.get("converged", True):
        context.log.warning(
            f"the fit has not converged after {artifact.metadata['iterations']} iterations: raise "
            "IMAGE_ASSETS_MAX_ITERATIONS"
        )
    return MaterializeResult(
        metadata={
            "digest": digest,
            "kept": kept,
            "projection": artifact.metadata["projection"],
            "n_classes": len(artifact.metadata["classes"]),
            "fitted": dict(artifact.metadata),
            **provenance(context, asdict(classifier.options)),
        },
        data_version=DataVersion(digest),
    )


@asset(
    deps=[reduced_features, fruit_classifier],
    **partitioned("predictions", {"spark", "deltalake", "numpy"}, code_version="1"),
)
@no_vain_retries
def predictions(
    context: AssetExecutionContext,
    spark: SparkResource,
    warehouse: WarehouseResource,
    reuse: ReuseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The predicted class of each picture, its probability and the five most probable classes."""
    opened = warehouse.open()
    digest, _ = opened.artifacts.latest(KIND, NAME)
    return transform_classes(
        context,
        spark,
        progress,
        opened,
        ("reduced_features", "predictions"),
        SOURCE_COLUMNS,
        prediction_kernel(opened.artifacts, digest),
        describe=lambda _: {},
        configuration={"classifier": digest[:12], "target": load_classifier(opened.artifacts, digest).target},
        reuse=reuse,
    )


@asset(
    deps=[predictions],
    metadata={"dagster/column_schema": table_schema(TABLES["evaluation"])},
    **unpartitioned({"spark", "deltalake"}, code_version="1"),
)
@no_vain_retries
def evaluation(
    context: AssetExecutionContext, spark: SparkResource, warehouse: WarehouseResource
) -> MaterializeResult[Any]:
    """How well the predictions of the test split agree with the folders that the pictures lie in."""
    opened = warehouse.open()
    target = load_classifier(opened.artifacts, opened.artifacts.latest(KIND, NAME)[0]).target
    scores = evaluate(spark.session.sparkContext, opened.table("predictions"), target)
    version = publish_scores(opened.table("evaluation"), scores, {"dagster_run": context.run.run_id})
    best, by_label = scores[target], scores["label"]
    sheets = {
        f"mistakes_by_{name}": picture(sheet, f"the most confident mistakes by {name}")
        for name, found in scores.items()
        if (sheet := mistakes_sheet(opened.table("decoded_frames"), found.mistakes)) is not None
    }
    return MaterializeResult(
        metadata={
            "accuracy": best.confusion.accuracy,
            "top_5_accuracy": best.top_5_accuracy,
            "macro_f1": best.confusion.macro_f1,
            "label_accuracy": by_label.confusion.accuracy,
            "label_top_5_accuracy": by_label.top_5_accuracy,
            "label_macro_f1": by_label.confusion.macro_f1,
            "expected_calibration_error": round(best.reliability.expected_calibration_error, 4),
            "test_pictures": best.confusion.total,
            "target": target,
            "delta_version": version,
            **provenance(context, {"target": target}, {"predictions_version": opened.table("predictions").version()}),
            "per_class": MetadataValue.md(best.as_markdown()),
            "per_label": MetadataValue.md(by_label.as_markdown()),
            "confusion": picture(confusion_plot(best.confusion), "confusion matrix"),
            **sheets,
        },
        data_version=DataVersion(str(version)),
    )
