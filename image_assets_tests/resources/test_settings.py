from pathlib import Path
from typing import Any

from image_assets.fruits.classifier import ClassifierOptions
from image_assets.fruits.cnn_features import BackboneOptions
from image_assets.fruits.exports import ExportOptions
from image_assets.fruits.projection import ProjectionOptions
from image_assets.recordings.options import RecordingOptions
from image_assets.resources.backbone import BackboneResource
from image_assets.resources.exports import ExportResource
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.s3 import S3Storage
from image_assets.resources.scenes import SceneResource
from image_assets.resources.settings import resources_of
from image_assets.resources.source import ImageSourceResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.stages import ClassifierResource, DuplicateResource, FrameResource, ProjectionResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.s3.connection import S3Connection
from image_assets.scenes.catalogue import SceneCatalogue
from image_assets.scenes.reconstruction import ReconstructionOptions
from image_assets.settings import Settings
from image_assets.spark.session import SparkOptions
from image_assets.vision.decode import DecodeOptions, ImageFilter
from image_assets.vision.engine import EngineOptions
from image_assets.warehouse.warehouse import Warehouse

OTHER = Settings(
    source="pictures",
    warehouse="tables",
    backbone="resnet50",
    feature_form="flattened",
    weights_dir=Path("weights"),
    weights_file=Path("weights/my.h5"),
    engine="onnxruntime",
    device="cuda",
    engine_batch_rows=64,
    imagenet_top_k=3,
    frame_size=100,
    alpha="drop",
    max_pixels=1_000_000,
    filter_channels=(3, 4),
    filter_max_height=200,
    filter_max_width=300,
    filter_max_pixel_count=50_000,
    projection="sparse_random_projection",
    n_components=64,
    variance_fraction=None,
    centre=False,
    whiten=True,
    jl_eps=0.5,
    jl_samples=1000,
    classifier="linear_discriminant",
    c=0.1,
    class_weight="none",
    max_iterations=7,
    target="label",
    seed=1,
    max_undecodable_share=0.5,
    max_drift=1.5,
    accuracy_margin=0.1,
    freshness_hours=24,
    discovery_interval_seconds=5,
    settle_seconds=7,
    full_listing_seconds=60,
    time_zone="Europe/Berlin",
    nightly_cron="1 1 * * *",
    refit_cron="2 2 * * 2",
    vacuum_cron="3 3 * * 3",
    retention_hours=24,
    retries=1,
    retry_delay_seconds=3,
    recompute=True,
    scenes="skies",
    scenes_tile_size=500,
    scenes_radius=2,
    scenes_strategy="naive",
    scenes_reconstruction="median",
    scenes_parameters={"size": 5},
    scenes_pending_mib=64,
    scenes_decode_mib=100,
    scenes_preview_size=256,
    exports="files",
    export_formats=("csv",),
    export_csv_header=False,
    export_keys=("label",),
    duplicate_distance=0.2,
    recordings="films",
    recording_planes=3,
    recording_period_frames=12.5,
    recording_projections=("max_projection(axis=1)",),
    recording_operations=("zscore()",),
    recording_cluster_input="filter(voxel_std > 6).zscore()",
    recording_k=9,
    spark_master="local[1]",
    spark_driver_memory="1g",
    spark_executor_memory="3g",
    spark_task_cpus=2,
    spark_arrow_batch_rows=10,
    spark_executor_overhead="4g",
    spark_executor_cores=4,
    spark_executor_instances=3,
    spark_max_executors=9,
    spark_max_cores=12,
    spark_python="./environment/bin/python",
    spark_archives="environment.tar.gz#environment",
    spark_driver_host="10.0.0.5",
    spark_extra={"spark.executor.instances": "4"},
    s3_endpoint="http://127.0.0.1:8333",
    s3_region="eu-west-3",
    s3_path_style=False,
    s3_max_attempts=3,
    s3_retry_seconds=30,
    s3_connect_seconds=2,
    s3_request_seconds=20,
    s3_concurrent_reads=4,
    task_mib=16,
    target_file_mib=32,
)
"""Every setting with another value than its default, but for two that exclude others."""


def test_every_setting_reaches_its_resource() -> None:
    resources = resources_of(OTHER)
    assert (resources["source"].address, resources["source"].task_mib) == ("pictures", 16)
    assert (resources["warehouse"].root, resources["warehouse"].open().target_file_mib) == ("tables", 32)
    assert resources["spark"].options == SparkOptions(
        "local[1]",
        "1g",
        "3g",
        task_cpus=2,
        arrow_batch_rows=10,
        executor_overhead="4g",
        executor_cores=4,
        executor_instances=3,
        max_executors=9,
        max_cores=12,
        python="./environment/bin/python",
        archives="environment.tar.gz#environment",
        driver_host="10.0.0.5",
        extra={"spark.executor.instances": "4"},
    )
    assert resources["s3"].connection == S3Connection(
        endpoint="http://127.0.0.1:8333",
        region="eu-west-3",
        path_style=False,
        max_attempts=3,
        retry_seconds=30,
        connect_seconds=2,
        request_seconds=20,
        concurrent_reads=4,
    )
    assert resources["source"].s3 is resources["warehouse"].s3 is resources["s3"]
    assert resources["frames"].options == DecodeOptions(
        frame_size=100,
        alpha="drop",
        max_pixels=1_000_000,
        image_filter=ImageFilter(channels=(3, 4), max_height=200, max_width=300, max_pixel_count=50_000),
    )
    assert resources["backbone"].options(threads=2) == BackboneOptions(
        name="resnet50",
        form="flattened",
        weights_dir=Path("weights"),
        weights_file=Path("weights/my.h5"),
        engine=EngineOptions("onnxruntime", "cuda", threads=2, batch_rows=64),
    )
    assert resources["backbone"].imagenet_top_k == 3
    assert resources["projection"].options == ProjectionOptions(
        "sparse_random_projection", 64, centre=False, whiten=True, jl_eps=0.5, jl_samples=1000, seed=1
    )
    assert resources["scenes_source"].catalogue == SceneCatalogue("skies", 100 << 20, resources["s3"].connection)
    assert resources["scenes_source"].options == ReconstructionOptions("median", {"size": 5}, "naive", 2, 64)
    assert (resources["scenes_source"].tile_size, resources["scenes_source"].preview_size) == (500, 256)
    assert resources["classifier"].options == ClassifierOptions(
        "linear_discriminant", target="label", c=0.1, class_weight="none", max_iterations=7
    )
    assert resources["exports"].options == ExportOptions(("csv",), csv_header=False, keys=("label",))
    exports = resources["exports"].open("predictions", Warehouse.at("tables"))
    assert exports.root.uri == str(Path("files/predictions").absolute())
    assert resources["duplicates"].distance == 0.2
    assert resources["reuse"].recompute
    recordings = resources["recordings_source"]
    assert (recordings.address, recordings.task_mib) == ("films", 16)
    assert recordings.defaults == RecordingOptions(
        planes=3,
        period_frames=12.5,
        projections=("max_projection(axis=1)",),
        operations=("zscore()",),
        cluster_input="filter(voxel_std > 6).zscore()",
        k=9,
        seed=1,
    )


def test_the_sample_of_settings_leaves_none_at_its_default() -> None:
    same = {name for name, field in Settings.model_fields.items() if getattr(OTHER, name) == field.default}
    assert same == {"variance_fraction", "engine_precision"}


def test_the_precision_reaches_the_engine() -> None:
    backbone = resources_of(Settings(engine_precision="bfloat16"))["backbone"]
    assert backbone.options(3).engine == EngineOptions(threads=3, precision="bfloat16")


def test_a_fraction_of_variance_takes_the_place_of_a_number_of_components() -> None:
    settings = Settings(n_components=64, variance_fraction=0.9)
    assert resources_of(settings)["projection"].options.n_components == 0.9


# Dagster's typing does not know that fields given as `Field(3, ...)` may be left out.
KINDS: dict[str, Any] = {
    "s3": S3Storage,
    "source": ImageSourceResource,
    "warehouse": WarehouseResource,
    "spark": SparkResource,
    "frames": FrameResource,
    "backbone": BackboneResource,
    "projection": ProjectionResource,
    "classifier": ClassifierResource,
    "scenes_source": SceneResource,
    "exports": ExportResource,
    "duplicates": DuplicateResource,
    "recordings_source": RecordingsResource,
}


def test_resources_and_settings_have_the_same_defaults() -> None:
    # A resource in somebody's own definitions must do what the project does with no setting at all.
    resources = resources_of(Settings())
    for name, kind in KINDS.items():
        assert resources[name].model_dump(exclude={"s3"}) == kind().model_dump(exclude={"s3"}), name


def test_options_and_resources_have_the_same_defaults() -> None:
    assert KINDS["s3"]().connection == S3Connection()
    assert KINDS["spark"]().options == SparkOptions()
    assert KINDS["frames"]().options == DecodeOptions()
    assert KINDS["backbone"]().options(threads=1) == BackboneOptions()
    assert KINDS["projection"]().options == ProjectionOptions()
    assert KINDS["classifier"]().options == ClassifierOptions()
    assert KINDS["scenes_source"]().options == ReconstructionOptions()
    assert KINDS["exports"]().options == ExportOptions()
    assert KINDS["recordings_source"]().defaults == RecordingOptions()


def test_another_form_is_the_choice_of_the_asset() -> None:
    assert KINDS["backbone"](form="flattened").options(threads=1, form="probabilities").form == "probabilities"


def test_every_value_of_a_resource_is_described() -> None:
    resources = [resource for name, resource in resources_of(Settings()).items() if name != "progress"]
    blank = [
        f"{type(resource).__name__}.{name}"
        for resource in resources
        for name, field in type(resource).model_fields.items()
        if not field.description
    ]
    assert blank == []
