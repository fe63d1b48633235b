"""Assets `imagenet_predictions` and `labelled_pictures`: what a network trained on ImageNet takes a picture for."""

from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.fruits.declaration import IMAGENET_GROUP, partitioned
from image_assets.assets.fruits.decoded_frames import decoded_frames
from image_assets.assets.materialization import transform_classes
from image_assets.assets.metadata import picture
from image_assets.assets.settled import no_vain_retries
from image_assets.fruits import labelled_pictures as drawing
from image_assets.fruits.cnn_features import BATCH_ROWS, SOURCE_COLUMNS, imagenet_kernel, publish_graph
from image_assets.progress import Progress
from image_assets.resources.backbone import BackboneResource
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.spark.side_by_side import Outcome


@asset(
    deps=[decoded_frames],
    **partitioned("imagenet_predictions", {"spark", "deltalake", "keras", "openvino"}, "1", IMAGENET_GROUP),
)
@no_vain_retries
def imagenet_predictions(
    context: AssetExecutionContext,
    backbone: BackboneResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    reuse: ReuseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The most probable of the 1,000 ImageNet classes of each decoded picture, by the backbone's own class head."""
    opened = warehouse.open()
    options = backbone.options(spark.task_cpus, form="probabilities")
    graph = publish_graph(opened.artifacts, options)
    return transform_classes(
        context,
        spark,
        progress,
        opened,
        ("decoded_frames", "imagenet_predictions"),
        SOURCE_COLUMNS,
        imagenet_kernel(opened.artifacts, graph, options.engine, backbone.imagenet_top_k),
        describe=lambda _: {},
        batch_rows=BATCH_ROWS,
        configuration={
            "backbone": graph.features,
            "graph": graph.sha256[:12],
            "top_k": backbone.imagenet_top_k,
            **asdict(options.engine),
        },
        reuse=reuse,
        recipe={"backbone": graph.features, "top_k": backbone.imagenet_top_k},
    )


@asset(
    deps=[decoded_frames, imagenet_predictions],
    **partitioned("labelled_pictures", {"spark", "deltalake", "pillow"}, "1", IMAGENET_GROUP),
)
@no_vain_retries
def labelled_pictures(
    context: AssetExecutionContext,
    spark: SparkResource,
    warehouse: WarehouseResource,
    reuse: ReuseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """Each frame with its best ImageNet label and score drawn on it, as a JPEG file."""
    opened = warehouse.open()
    target = opened.table("labelled_pictures")

    def describe(outcome: Outcome) -> dict[str, Any]:
        sheet = drawing.labelled_sheet(target, outcome.partition)
        return {} if sheet is None else {"contact_sheet": picture(sheet, outcome.partition)}

    return transform_classes(
        context,
        spark,
        progress,
        opened,
        ("decoded_frames", "labelled_pictures"),
        drawing.SOURCE_COLUMNS,
        drawing.label_kernel(opened.table("imagenet_predictions")),
        describe=describe,
        batch_rows=drawing.BATCH_ROWS,
        configuration={},
        reuse=reuse,
        inherited=("decoded_frames", "imagenet_predictions"),
    )
