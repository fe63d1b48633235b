"""From the project's settings to the resources of the assets."""

from typing import Any

from image_assets.resources.backbone import BackboneResource
from image_assets.resources.exports import ExportResource
from image_assets.resources.progress import log_progress
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.s3 import S3Storage, s3_storage
from image_assets.resources.scenes import SceneResource
from image_assets.resources.source import ImageSourceResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.stages import ClassifierResource, DuplicateResource, FrameResource, ProjectionResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.settings import Settings


def resources_of(settings: Settings, s3: S3Storage | None = None) -> dict[str, Any]:
    """Return every resource by name, set as the settings say; `s3` with other credentials than the standard chain's."""
    s3 = s3 or s3_storage(settings)
    return {
        "s3": s3,
        "source": ImageSourceResource(address=settings.source, task_mib=settings.task_mib, s3=s3),
        "warehouse": WarehouseResource(root=settings.warehouse, target_file_mib=settings.target_file_mib, s3=s3),
        "spark": SparkResource(
            master=settings.spark_master,
            driver_memory=settings.spark_driver_memory,
            executor_memory=settings.spark_executor_memory,
            task_cpus=settings.spark_task_cpus,
            arrow_batch_rows=settings.spark_arrow_batch_rows,
            executor_overhead=settings.spark_executor_overhead,
            executor_cores=settings.spark_executor_cores,
            executor_instances=settings.spark_executor_instances,
            max_executors=settings.spark_max_executors,
            max_cores=settings.spark_max_cores,
            python=settings.spark_python,
            archives=settings.spark_archives,
            driver_host=settings.spark_driver_host,
            extra=settings.spark_extra,
        ),
        "frames": FrameResource(
            frame_size=settings.frame_size,
            alpha=settings.alpha,
            max_pixels=settings.max_pixels,
            filter_channels=None if settings.filter_channels is None else list(settings.filter_channels),
            filter_max_height=settings.filter_max_height,
            filter_max_width=settings.filter_max_width,
            filter_max_pixel_count=settings.filter_max_pixel_count,
        ),
        "backbone": BackboneResource(
            name=settings.backbone,
            form=settings.feature_form,
            weights_dir=None if settings.weights_dir is None else str(settings.weights_dir),
            weights_file=None if settings.weights_file is None else str(settings.weights_file),
            engine=settings.engine,
            device=settings.device,
            batch_rows=settings.engine_batch_rows,
            precision=settings.engine_precision,
            imagenet_top_k=settings.imagenet_top_k,
        ),
        "projection": ProjectionResource(
            method=settings.projection,
            n_components=settings.n_components,
            variance_fraction=settings.variance_fraction,
            centre=settings.centre,
            whiten=settings.whiten,
            jl_eps=settings.jl_eps,
            jl_samples=settings.jl_samples,
            seed=settings.seed,
        ),
        "classifier": ClassifierResource(
            method=settings.classifier,
            target=settings.target,
            c=settings.c,
            class_weight=settings.class_weight,
            max_iterations=settings.max_iterations,
        ),
        "scenes_source": SceneResource(
            address=settings.scenes,
            tile_size=settings.scenes_tile_size,
            radius=settings.scenes_radius,
            strategy=settings.scenes_strategy,
            reconstruction=settings.scenes_reconstruction,
            parameters=settings.scenes_parameters,
            pending_mib=settings.scenes_pending_mib,
            decode_mib=settings.scenes_decode_mib,
            preview_size=settings.scenes_preview_size,
            s3=s3,
        ),
        "exports": ExportResource(
            root=settings.exports,
            formats=list(settings.export_formats),
            csv_header=settings.export_csv_header,
            key_columns=list(settings.export_keys),
        ),
        "duplicates": DuplicateResource(distance=settings.duplicate_distance),
        "recordings_source": RecordingsResource(
            address=settings.recordings,
            task_mib=settings.task_mib,
            planes=settings.recording_planes,
            period_frames=settings.recording_period_frames,
            projections=list(settings.recording_projections),
            operations=list(settings.recording_operations),
            cluster_input=settings.recording_cluster_input,
            k=settings.recording_k,
            seed=settings.seed,
        ),
        "reuse": ReuseResource(recompute=settings.recompute),
        "progress": log_progress,
    }
