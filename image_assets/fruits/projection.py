"""Stage 4: fitting a projection to the training split of all classes, and applying it to a class."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from operator import add
from typing import Literal

import pyarrow as pa
from pyspark import SparkContext

from image_assets.contracts import KEY_COLUMNS, REDUCED_FEATURES
from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.fruits.blocks import feature_matrix, feature_width, only_value, training_blocks, training_values
from image_assets.fruits.fits import outdated_fit
from image_assets.learning.moments import Moments
from image_assets.learning.pca import fit_pca
from image_assets.learning.projections import Projection, projection_from_arrays
from image_assets.learning.random_projection import draw_sparse_random_projection
from image_assets.spark.stages import Batches, Kernel, aggregate_stage, plan_fragments
from image_assets.vision.arrow import list_array
from image_assets.warehouse.artifacts import Artifact, ArtifactStore
from image_assets.warehouse.distinct import distinct_values
from image_assets.warehouse.reading import Fragment
from image_assets.warehouse.table import Table

KIND = "projection"
NAME = "feature_projection"
SOURCE_COLUMNS = [*KEY_COLUMNS, "backbone", "features"]


@dataclass(frozen=True)
class ProjectionOptions:
    """How features are reduced.

    Attributes:
        method: `pca`, or `sparse_random_projection`, for features too wide for PCA.
        n_components: a number of components, or for PCA the fraction of variance to keep; None is the default of PCA,
            and the Johnson-Lindenstrauss bound for a random projection.
        centre: whether PCA takes the mean off before it projects.
        whiten: whether PCA scales each component to variance 1.
        jl_eps: distortion that the bound allows.
        jl_samples: number of samples for the bound; None is the number of pictures that have features.
        seed: of the random matrix.
    """

    method: Literal["pca", "sparse_random_projection"] = "pca"
    n_components: int | float | None = None
    centre: bool = True
    whiten: bool = False
    jl_eps: float = 0.1
    jl_samples: int | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        if self.method != "pca" and isinstance(self.n_components, float):
            raise SettingsError(
                f"variance_fraction={self.n_components} does not go with projection={self.method}: only PCA keeps a "
                "fraction of variance; leave it empty, or set IMAGE_ASSETS_PROJECTION=pca"
            )


DEFAULT_COMPONENTS = 256


@dataclass(frozen=True)
class FittedProjection:
    """A projection, the features it belongs to, and its name in the tables.

    Attributes:
        name: kind, number of components and digest; the value of the column `projection`.
        backbone: of the features that it was fitted on.
        projection: the map itself.
    """

    name: str
    backbone: str
    projection: Projection


def fit_projection(context: SparkContext, features: Table, options: ProjectionOptions) -> Artifact:
    """Fit a projection to the training split of all classes in one distributed pass.

    The driver receives a few matrices [d, d], never rows.

    Raises:
        IncompatibleArtifactError: if the table mixes features of several backbones.
        SettingsError: if the features are too wide for PCA, or the options do not fit them.
    """
    backbone = only_value(features, "backbone", "materialize cnn_features for all classes with one backbone")
    width = feature_width(features)
    # What is recorded of the features is asked before they are read: a class that comes meanwhile is not claimed.
    version, fitted_classes = features.version(), training_values(features, features.partition_column)
    if options.method == "pca":
        moments = _training_moments(context, features, width)
        n_components = DEFAULT_COMPONENTS if options.n_components is None else options.n_components
        projection: Projection = fit_pca(moments, n_components, centre=options.centre, whiten=options.whiten)
    else:
        pictures = sum(counts.rows for counts in features.counts().values())
        projection = draw_sparse_random_projection(
            width,
            n_components=None if options.n_components is None else int(options.n_components),
            n_samples=options.jl_samples or pictures,
            eps=options.jl_eps,
            seed=options.seed,
        )
    metadata = {
        **projection.metadata(),
        "backbone": backbone,
        "features_version": version,
        "options": asdict(options),
        "fitted_classes": fitted_classes,
    }
    return Artifact(projection.to_arrays(), metadata)


def outdated_projection(store: ArtifactStore, features: Table, options: ProjectionOptions) -> str | None:
    """Return why the present projection does not serve the features any more, None if it does.

    Raises:
        WarehouseError: if nothing was fitted yet.
    """
    _, artifact = store.latest(KIND, NAME)
    backbones = distinct_values(features, "backbone")
    if set(backbones) - {artifact.metadata["backbone"]}:
        return f"it was fitted on features of {artifact.metadata['backbone']}, and there are those of {backbones}"
    return outdated_fit(artifact, asdict(options), training_values(features, features.partition_column))


def _training_moments(context: SparkContext, features: Table, width: int) -> Moments:
    read = training_blocks(features, features.partition_column)

    def partial(fragment: Fragment) -> Moments:
        return Moments.of_blocks((block for block, _ in read(fragment)), width)

    moments: Moments = aggregate_stage(context, plan_fragments(context, features), partial, add)
    return moments


@lru_cache(maxsize=2)
def load_projection(store: ArtifactStore, digest: str) -> FittedProjection:
    """Read a projection; a Python worker keeps the last ones."""
    artifact = store.load(KIND, digest)
    projection = projection_from_arrays(artifact.arrays, artifact.metadata)
    name = f"{artifact.metadata['kind']}-{projection.n_components}/{digest[:12]}"
    return FittedProjection(name, str(artifact.metadata["backbone"]), projection)


def reduction_kernel(store: ArtifactStore, digest: str) -> Kernel:
    """Return the kernel from rows of `cnn_features` to rows of `reduced_features`."""

    def kernel(batches: Batches) -> Iterator[pa.RecordBatch]:
        fitted = load_projection(store, digest)
        for batch in batches:
            yield reduce_batch(batch, fitted)

    return kernel


def reduce_batch(batch: pa.RecordBatch, fitted: FittedProjection) -> pa.RecordBatch:
    """Project the features of a batch.

    Raises:
        IncompatibleArtifactError: if they come from another backbone than the projection was fitted on.
    """
    for found in batch["backbone"].unique().to_pylist():
        if found != fitted.backbone:
            raise IncompatibleArtifactError(
                f"the projection was fitted on features of {fitted.backbone}, and these are of {found}: "
                "materialize feature_projection again"
            )
    reduced = fitted.projection.transform(feature_matrix(batch["features"]))
    names = pa.repeat(pa.scalar(fitted.name), batch.num_rows)
    keys = [batch[name] for name in KEY_COLUMNS]
    return pa.RecordBatch.from_arrays([*keys, names, list_array(reduced)], schema=REDUCED_FEATURES)
