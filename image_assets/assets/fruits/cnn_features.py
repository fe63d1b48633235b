"""Asset `cnn_features`: what a network sees in a picture."""

from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.fruits.declaration import partitioned
from image_assets.assets.fruits.decoded_frames import decoded_frames
from image_assets.assets.materialization import transform_classes
from image_assets.assets.settled import no_vain_retries
from image_assets.fruits.cnn_features import BATCH_ROWS, SOURCE_COLUMNS, feature_kernel, publish_graph
from image_assets.progress import Progress
from image_assets.resources.backbone import BackboneResource
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource


@asset(
    deps=[decoded_frames], **partitioned("cnn_features", {"spark", "deltalake", "keras", "openvino"}, code_version="1")
)
@no_vain_retries
def cnn_features(
    context: AssetExecutionContext,
    backbone: BackboneResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    reuse: ReuseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The features of each decoded picture of a class, by a convolutional network trained on ImageNet.

    Keras defines the network; its exported graph runs in OpenVINO or ONNX Runtime, one session per Spark worker.
    """
    opened = warehouse.open()
    options = backbone.options(spark.task_cpus)
    graph = publish_graph(opened.artifacts, options)
    return transform_classes(
        context,
        spark,
        progress,
        opened,
        ("decoded_frames", "cnn_features"),
        SOURCE_COLUMNS,
        feature_kernel(opened.artifacts, graph, options.engine),
        describe=lambda _: {},
        batch_rows=BATCH_ROWS,
        configuration={"backbone": graph.features, "graph": graph.sha256[:12], **asdict(options.engine)},
        reuse=reuse,
        recipe={"backbone": graph.features},  # engines agree on the features
    )
