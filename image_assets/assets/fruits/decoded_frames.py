"""Asset `decoded_frames`: pictures as RGB pixels of one size."""

from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.fruits.declaration import partitioned
from image_assets.assets.fruits.raw_images import raw_images
from image_assets.assets.materialization import transform_classes
from image_assets.assets.metadata import failures, picture
from image_assets.assets.settled import no_vain_retries
from image_assets.fruits.decoded_frames import BATCH_ROWS, SOURCE_COLUMNS, class_sheet, decode_kernel
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.stages import FrameResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.spark.side_by_side import Outcome


@asset(deps=[raw_images], **partitioned("decoded_frames", {"spark", "deltalake", "pillow"}, code_version="1"))
@no_vain_retries
def decoded_frames(
    context: AssetExecutionContext,
    frames: FrameResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    reuse: ReuseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The pictures of a class as RGB frames of one size (224 x 224, bicubic), upright, every colour mode converted.

    A picture that cannot be read or decoded, or that the filter excludes, keeps its row, with the reason in
    `decode_error`.
    """
    opened = warehouse.open()
    target = opened.table("decoded_frames")

    def describe(outcome: Outcome) -> dict[str, Any]:
        sheet = class_sheet(target, outcome.partition)
        shown = {} if sheet is None else {"contact_sheet": picture(sheet, outcome.partition)}
        return {"failures": failures(target, outcome.partition, "decode_error"), **shown}

    return transform_classes(
        context,
        spark,
        progress,
        opened,
        ("raw_images", "decoded_frames"),
        SOURCE_COLUMNS,
        decode_kernel(frames.options),
        describe=describe,
        batch_rows=BATCH_ROWS,
        configuration=asdict(frames.options),
        reuse=reuse,
        inherited=(),  # what a file of raw_images holds is told by its digest
    )
