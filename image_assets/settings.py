"""Every setting of the project, with its environment variable: the one place where the environment is read.

A setting `name` is the variable `IMAGE_ASSETS_NAME`. Settings are the defaults of Dagster's resources and asset
configuration, where a single run can still change them. Credentials are not settings: S3 takes them from the standard
AWS chain (environment, profile, instance role).
"""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as MalformedValue

from image_assets.errors import SettingsError
from image_assets.names import nearest

PREFIX = "IMAGE_ASSETS_"
OTHER_VARIABLES = frozenset({f"{PREFIX}SHARED", f"{PREFIX}SLOW_TESTS", f"{PREFIX}PYTHON"})
"""Variables of the tests, and the interpreter of deploy/standalone/spark.sh."""
REMEDY = "docs/settings.md lists the settings and their values"


AtLeastOne = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class Settings(BaseSettings):
    """Settings with their defaults; see the descriptions."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True, populate_by_name=True)

    source: str = Field("data/fruits", description="Folder or s3:// address of the pictures, a folder per class.")
    warehouse: str = Field("data/warehouse", description="Folder or s3:// address of the tables.")

    s3_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("image_assets_s3_endpoint", "aws_endpoint_url_s3", "aws_endpoint_url"),
        description="URL of the S3 server; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, that of the profile, AWS.",
    )
    s3_region: str | None = Field(
        None,
        validation_alias=AliasChoices("image_assets_s3_region", "aws_region", "aws_default_region"),
        description="Region of the buckets; else AWS_REGION, AWS_DEFAULT_REGION, that of the profile, us-east-1.",
    )
    s3_path_style: bool | None = Field(
        None, description="Addresses are endpoint/bucket, else bucket.endpoint; empty: wherever an endpoint is set."
    )
    s3_max_attempts: AtLeastOne = Field(
        10, description="Requests before an operation on S3 fails; the pauses double on average, up to 10 s."
    )
    s3_retry_seconds: Annotated[int, Field(ge=0)] = Field(
        120, description="Seconds after which a request is not tried again."
    )
    s3_connect_seconds: AtLeastOne = Field(5, description="Seconds that a connection may take.")
    s3_request_seconds: AtLeastOne = Field(60, description="Seconds that a request may take with its data.")
    s3_concurrent_reads: AtLeastOne = Field(16, description="Pictures that a task reads from S3 at once.")

    backbone: str = Field("efficientnet_lite0", description="Network that computes the features.")
    feature_form: Literal["pooled", "flattened"] = Field(
        "pooled", description="Features averaged over the picture, or all positions in row-major order."
    )
    weights_dir: Path | None = Field(None, description="Folder with `<backbone>.weights.h5` files.")
    weights_file: Path | None = Field(None, description="Weights file of the backbone; wins over weights_dir.")
    engine: Literal["openvino", "onnxruntime", "tensorflow"] = Field(
        "openvino", description="What runs the network; tensorflow is the slow reference."
    )
    device: Literal["cpu", "cuda"] = Field(
        "cpu", description="Where the engine runs; cuda with onnxruntime or tensorflow."
    )
    engine_batch_rows: AtLeastOne = Field(
        2, description="Frames that the engine takes at once; small batches stay in the cache."
    )
    engine_precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="bfloat16, with openvino on processors that have it: faster, features differ by some percent.",
    )
    imagenet_top_k: Annotated[int, Field(ge=1, le=1000)] = Field(
        5, description="ImageNet classes that are kept of each picture."
    )

    frame_size: AtLeastOne = Field(224, description="Height and width of a frame in pixels.")
    alpha: Literal["white", "drop"] = Field("white", description="Transparent pictures: over white, or alpha dropped.")
    max_pixels: AtLeastOne = Field(
        89_478_485, description="Largest picture that is decoded, in pixels: guards the memory of a worker."
    )
    filter_channels: tuple[int, ...] | None = Field(
        None, description="Numbers of channels that are wanted, as JSON, such as [3, 4]; others become failures."
    )
    filter_max_height: AtLeastOne | None = Field(None, description="Pictures higher than this become failures.")
    filter_max_width: AtLeastOne | None = Field(None, description="Pictures wider than this become failures.")
    filter_max_pixel_count: AtLeastOne | None = Field(None, description="Pictures with more pixels become failures.")

    projection: Literal["pca", "sparse_random_projection"] = Field(
        "pca", description="How features are reduced; a sparse random projection for features too wide for PCA."
    )
    n_components: AtLeastOne | None = Field(
        None, description="Components to keep; empty: 256 for PCA, the Johnson-Lindenstrauss bound otherwise."
    )
    variance_fraction: Fraction | None = Field(
        None, description="Fraction of variance that PCA keeps, between 0 and 1; instead of n_components."
    )
    centre: bool = Field(True, description="Whether PCA takes the mean off before it projects.")
    whiten: bool = Field(False, description="Whether PCA scales each component to variance 1.")
    jl_eps: Fraction = Field(0.1, description="Distortion that the Johnson-Lindenstrauss bound allows.")
    jl_samples: AtLeastOne | None = Field(
        None, description="Number of samples in the bound; empty: the number of pictures with features."
    )

    classifier: Literal["logistic_regression", "linear_discriminant"] = Field(
        "logistic_regression", description="Logistic regression, or the closed form of a linear discriminant."
    )
    c: Positive = Field(1.0, description="Inverse strength of the penalty of the logistic regression.")
    class_weight: Literal["balanced", "none"] = Field(
        "balanced", description="Every class has the same influence, or every picture."
    )
    max_iterations: AtLeastOne = Field(500, description="Iterations of the logistic regression at most.")
    target: Literal["fruit_class", "label"] = Field("fruit_class", description="What the classifier predicts.")
    seed: int = Field(42, description="Seed of everything that draws random numbers.")

    scenes: str = Field(
        "data/scenes",
        description="Folder or s3:// address of very large pictures, or names of generated scenes such as "
        "generated_6000x6000x1_uint8_seed7; several with commas between.",
    )
    scenes_tile_size: AtLeastOne = Field(1024, description="Side of a tile in pixels.")
    scenes_radius: Annotated[int, Field(ge=0, le=127)] = Field(
        1, description="How many tiles away a reconstruction looks; 1 is the 3 x 3 neighbourhood."
    )
    scenes_strategy: Literal["partial", "grouped_read", "naive"] = Field(
        "partial", description="How source tiles reach the tiles that need them: same result, other cost."
    )
    scenes_reconstruction: str = Field("gaussian", description="Reconstruction of a tile from its neighbourhood.")
    scenes_parameters: dict[str, int | float] = Field(
        {}, description='Parameters of the reconstruction, as JSON, such as {"sigma": 3}.'
    )
    scenes_pending_mib: AtLeastOne = Field(
        384, description="MiB of tiles that a worker keeps while they wait for neighbours."
    )
    scenes_decode_mib: AtLeastOne = Field(
        1024, description="MiB of pixels that are decoded at once where a format (JPEG) leaves no other way."
    )
    scenes_preview_size: Annotated[int, Field(ge=16, le=8192)] = Field(
        1024, description="Longest side of the preview of a scene in pixels."
    )

    exports: str | None = Field(
        None, description="Folder or s3:// address of the exports; empty: exports in the warehouse."
    )
    export_formats: tuple[Literal["parquet", "csv"], ...] = Field(
        ("parquet", "csv"), description="What is exported, as JSON: a Parquet data set, a CSV file, or both."
    )
    export_csv_header: bool = Field(True, description="Whether the first line of a CSV names its columns.")
    export_keys: tuple[str, ...] = Field(
        ("path", "fruit_class", "label", "split"),
        description="Key columns before the values of an export, as JSON; [] leaves the values alone.",
    )

    recordings: str = Field("data/recordings", description="Folder of the recordings, a folder or file for each.")
    recording_planes: AtLeastOne = Field(1, description="Pages per volume of recordings that are one multi-page file.")
    recording_period_frames: Positive | None = Field(
        None, description="Frames of one period of the stimulus; empty: no coherence and phase."
    )
    recording_projections: tuple[str, ...] = Field(
        ("max_projection()", "mean()", "std()"), description="Operations on the volumes, as a JSON list."
    )
    recording_operations: tuple[str, ...] = Field(
        (), description="Operations on the series whose results series_features keeps, as a JSON list."
    )
    recording_cluster_input: str = Field(
        "detrend('linear').normalize().filter(voxel_std > 0.05).zscore()",
        description="Operations that select the series for the clustering and make them comparable.",
    )
    recording_k: AtLeastOne = Field(6, description="Number of clusters of series.")

    spark_master: str = Field("local[*]", description="Spark master; local[*] is this machine.")
    spark_driver_memory: str = Field("2g", description="Heap of the driver's JVM; pictures never pass through it.")
    spark_executor_memory: str = Field("2g", description="Heap of an executor's JVM on a cluster.")
    spark_task_cpus: AtLeastOne = Field(1, description="Cores per task, and threads of the engine.")
    spark_arrow_batch_rows: AtLeastOne = Field(
        256, description="Rows of an Arrow batch between the JVM and Python, for DataFrames."
    )
    spark_executor_overhead: str | None = Field(
        None, description="Memory of an executor besides its heap, for its Python workers: about 500m per core."
    )
    spark_executor_cores: AtLeastOne | None = Field(
        None, description="Cores of an executor; empty: as the cluster gives."
    )
    spark_executor_instances: AtLeastOne | None = Field(
        None, description="Number of executors, without dynamic allocation."
    )
    spark_max_executors: AtLeastOne | None = Field(
        None, description="Executors at most that dynamic allocation asks for; empty switches it off."
    )
    spark_max_cores: AtLeastOne | None = Field(
        None, description="Cores of all executors together, on a standalone cluster."
    )
    spark_python: str | None = Field(
        None, description="Python of the executors, such as ./environment/bin/python; empty: the path of the driver's."
    )
    spark_archives: str | None = Field(
        None, description="What Spark unpacks on executors, such as environment.tar.gz#environment."
    )
    spark_driver_host: str | None = Field(None, description="Address under which executors reach the driver.")
    spark_extra: dict[str, str] = Field({}, description="Further Spark configuration, as JSON.")

    max_undecodable_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.2, description="Share of the pictures of a class that may fail before the check few_undecodable warns."
    )
    max_drift: Positive = Field(
        0.5, description="Distance of the mean features from those of the fit, in standard deviations, that is allowed."
    )
    accuracy_margin: Annotated[float, Field(ge=0, le=1)] = Field(
        0.02, description="How far the accuracy may drop below that of the evaluation before."
    )
    duplicate_distance: Fraction = Field(
        0.01, description="Cosine distance of features below which two pictures are near duplicates."
    )

    freshness_hours: AtLeastOne = Field(
        72, description="Age at which the assets of the nightly schedule count as overdue in the UI."
    )
    discovery_interval_seconds: AtLeastOne = Field(60, description="Time between two looks of the sensor new_pictures.")
    settle_seconds: Annotated[int, Field(ge=0)] = Field(
        60, description="How long a class must have been at rest before the sensor asks for a run: it may be copied."
    )
    full_listing_seconds: Annotated[int, Field(ge=0)] = Field(
        3600, description="Time between two listings of every folder by the sensor, which find overwritten files."
    )
    time_zone: str = Field("UTC", description="Time zone of the schedules, such as Europe/Berlin.")
    nightly_cron: str = Field("0 2 * * *", description="When the schedule fruits_nightly runs, as cron.")
    refit_cron: str = Field("0 4 * * 6", description="When the schedule fruits_refit_weekly runs, as cron.")
    vacuum_cron: str = Field("0 6 * * 0", description="When the schedule vacuum_weekly runs, as cron.")
    retention_hours: Annotated[int, Field(ge=0)] = Field(
        168, description="How long the job vacuum keeps files that the tables do not need any more."
    )

    retries: Annotated[int, Field(ge=0)] = Field(
        2, description="Further attempts of an asset after an error of machines or networks; others are not repeated."
    )
    retry_delay_seconds: Annotated[int, Field(ge=0)] = Field(
        20,
        description="Pause before the first further attempt; 3 times, then 7 times as long before the next, each give "
        "or take this much.",
    )
    recompute: bool = Field(
        False, description="Compute every picture anew; by default only those that are new or altered."
    )
    task_mib: AtLeastOne = Field(128, description="MiB of pictures that one task reads at most.")
    target_file_mib: AtLeastOne = Field(128, description="Size of a Parquet file at most, in MiB.")

    def asks_for(self, name: str) -> bool:
        """Whether the source of a chain was set; the samples behind the defaults belong to the sample pictures."""
        return name in self.model_fields_set or "source" not in self.model_fields_set

    def s3_options(self) -> dict[str, Any]:
        """Return the settings of S3 without their prefix: the arguments of an `S3Connection`."""
        values = self.model_dump()
        return {name.removeprefix("s3_"): value for name, value in values.items() if name.startswith("s3_")}


@cache
def load_settings() -> Settings:
    """Read the settings of this process from the environment, once.

    Raises:
        SettingsError: naming each variable whose value cannot work.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"{_variable(item['loc'][0])}={item['input']!r}: {item['msg']}" for item in error.errors()]
        raise SettingsError(f"{'; '.join(problems)}. {REMEDY}") from error
    except MalformedValue as error:
        name = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "")
        variable = _variable(name)
        raise SettingsError(f"{variable}={os.environ.get(variable)!r}: the value is no JSON. {REMEDY}") from error


def unknown_variables() -> list[str]:
    """Return a line for each variable of the environment that is named like a setting and is none."""
    known = {_variable(name) for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [_ignored(name, known) for name in unknown if name not in OTHER_VARIABLES]


def _ignored(name: str, known: set[str]) -> str:
    meant = nearest(name[len(PREFIX) :], [variable.removeprefix(PREFIX) for variable in known])
    remedy = f"did you mean {PREFIX}{meant}?" if meant else REMEDY
    return f"{name} is no setting and is ignored: {remedy}"


def _variable(name: str | int) -> str:
    text = str(name).upper()
    return text if text.startswith((PREFIX, "AWS_")) else f"{PREFIX}{text}"
