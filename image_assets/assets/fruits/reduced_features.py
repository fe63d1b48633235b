"""Assets `feature_projection` and `reduced_features`: fewer numbers per picture."""

from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, DataVersion, MaterializeResult, ResourceParam, asset

from image_assets.assets.fruits.cnn_features import cnn_features
from image_assets.assets.fruits.declaration import partitioned, unpartitioned
from image_assets.assets.fruits.fitting import keeps_fit
from image_assets.assets.materialization import provenance, transform_classes
from image_assets.assets.metadata import picture
from image_assets.assets.settled import no_vain_retries
from image_assets.fruits.projection import (
    KIND,
    NAME,
    SOURCE_COLUMNS,
    fit_projection,
    load_projection,
    outdated_projection,
    reduction_kernel,
)
from image_assets.plots import explained_variance_plot, scatter_plot
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.stages import ProjectionResource
from image_assets.resources.warehouse import WarehouseResource


@asset(deps=[cnn_features], **unpartitioned({"spark", "numpy"}, code_version="1"))
@no_vain_retries
def feature_projection(
    context: AssetExecutionContext,
    projection: ProjectionResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
) -> MaterializeResult[Any]:
    """The projection that reduces the features: PCA (256 components) or a sparse random projection.

    Fitted to the training split of all classes in one distributed pass over sufficient statistics. In the job `fruits`
    a projection that serves is kept.
    """
    opened = warehouse.open()
    features, digest = opened.table("cnn_features"), opened.artifacts.resolve(KIND, NAME)
    kept = keeps_fit(
        context,
        features,
        fitted=digest is not None,
        outdated=lambda: outdated_projection(opened.artifacts, features, projection.options),
    )
    if digest is None or not kept:
        fitted = fit_projection(spark.session.sparkContext, features, projection.options)
        digest = opened.artifacts.publish(KIND, NAME, fitted)
    artifact = opened.artifacts.load(KIND, digest)
    ratios = artifact.metadata.get("explained_variance_ratio")
    shown = {"explained_variance": picture(explained_variance_plot(ratios), "explained variance")} if ratios else {}
    return MaterializeResult(
        metadata={
            "digest": digest,
            "kept": kept,
            "backbone": artifact.metadata["backbone"],
            "n_components": load_projection(opened.artifacts, digest).projection.n_components,
            "fitted": {k: v for k, v in artifact.metadata.items() if k != "explained_variance_ratio"},
            **provenance(context, asdict(projection.options)),
            **shown,
        },
        data_version=DataVersion(digest),
    )


@asset(
    deps=[cnn_features, feature_projection],
    **partitioned("reduced_features", {"spark", "deltalake", "numpy"}, code_version="1"),
)
@no_vain_retries
def reduced_features(
    context: AssetExecutionContext,
    spark: SparkResource,
    warehouse: WarehouseResource,
    reuse: ReuseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The features of a class after the projection. Features of another backbone than it was fitted on are refused."""
    opened = warehouse.open()
    target = opened.table("reduced_features")
    digest, _ = opened.artifacts.latest(KIND, NAME)
    return transform_classes(
        context,
        spark,
        progress,
        opened,
        ("cnn_features", "reduced_features"),
        SOURCE_COLUMNS,
        reduction_kernel(opened.artifacts, digest),
        describe=lambda outcome: {"scatter": picture(scatter_plot(target, outcome.partition), "first two components")},
        configuration={"projection": load_projection(opened.artifacts, digest).name},
        reuse=reuse,
    )
