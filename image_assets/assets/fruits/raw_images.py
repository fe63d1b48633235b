"""Asset `raw_images`: the files as they are."""

from functools import partial
from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.fruits.declaration import partitioned
from image_assets.assets.fruits.fruit_classes import fruit_classes
from image_assets.assets.materialization import materialize_classes, recompute_asked
from image_assets.assets.metadata import failures
from image_assets.assets.outcomes import code_version
from image_assets.assets.settled import no_vain_retries
from image_assets.fruits.raw_images import plan_changes, read_images
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.source import ImageSourceResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.warehouse.recipes import recipe_name


@asset(deps=[fruit_classes], **partitioned("raw_images", {"spark", "deltalake"}, code_version="1"))
@no_vain_retries
def raw_images(
    context: AssetExecutionContext,
    source: ImageSourceResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    reuse: ReuseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The picture files of a class, byte for byte, with digest, label and split; small files packed into large ones.

    A file that cannot be read keeps its row, with the reason in `read_error`. A file whose size and time of change are
    those of its row is not read again.
    """
    images, target = source.open(), warehouse.open().table("raw_images")
    return materialize_classes(
        context,
        spark,
        progress,
        target,
        plan_changes(
            spark.session.sparkContext,
            images,
            source.task_mib,
            target,
            recipe_name(target.name, code_version(context), {"source": images.address}),
            recompute=recompute_asked(context, reuse),
        ),
        partial(read_images, images),
        describe=lambda outcome: {"failures": failures(target, outcome.partition, "read_error")},
        configuration={"source": images.address},
    )
