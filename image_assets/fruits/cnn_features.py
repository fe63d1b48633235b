"""Stage 3: frames through a network, to features."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from image_assets.contracts import KEY_COLUMNS
from image_assets.spark.stages import Batches, Kernel
from image_assets.vision.backbones.export import GraphFormat, export_graph, features_id, graph_key
from image_assets.vision.backbones.registry import Form, get_backbone
from image_assets.vision.backbones.weights import resolve_weights
from image_assets.vision.engine import Engine, EngineOptions, cached_engine
from image_assets.vision.features import extract_features, predict_classes
from image_assets.warehouse.artifacts import ArtifactStore

GRAPHS = "graphs"
BATCH_ROWS = 64
"""Frames that a task reads at once; the engine cuts them into batches of its own."""
SOURCE_COLUMNS = [*KEY_COLUMNS, "frame"]


@dataclass(frozen=True)
class BackboneOptions:
    """Which network computes features, and what runs it.

    Attributes:
        name: of the backbone, see `image_assets.vision.backbones.registry`.
        form: `pooled` or `flattened` features, or `probabilities` of the 1,000 ImageNet classes.
        weights_dir: folder with `<backbone>.weights.h5` files.
        weights_file: weights of this backbone; wins over `weights_dir`.
        engine: runs the network.
    """

    name: str = "efficientnet_lite0"
    form: Form = "pooled"
    weights_dir: Path | None = None
    weights_file: Path | None = None
    engine: EngineOptions = field(default_factory=EngineOptions)


@dataclass(frozen=True)
class PublishedGraph:
    """An exported network in the warehouse.

    Attributes:
        features: what identifies its features, see `backbones.export.features_id`.
        sha256: of the graph file.
        suffix: of the graph file.
        input_size: height and width of the frames it takes.
    """

    features: str
    sha256: str
    suffix: GraphFormat
    input_size: int


def publish_graph(store: ArtifactStore, options: BackboneOptions) -> PublishedGraph:
    """Return the graph of a backbone, exported now if the warehouse does not have it.

    Two runs that export at once publish the same bytes under the same digest.

    Raises:
        SettingsError: if there is no such backbone.
        WeightsError: if its weights cannot be had or do not fit.
    """
    backbone = get_backbone(options.name)
    weights = resolve_weights(backbone, weights_file=options.weights_file, weights_dir=options.weights_dir)
    suffix = options.engine.graph_format
    key = graph_key(backbone, options.form, weights.sha256, suffix)
    digest = store.resolve(GRAPHS, key)
    if digest is None:
        digest = store.put(GRAPHS, export_graph(backbone, options.form, weights.path, suffix), suffix)
        store.point(GRAPHS, key, digest)
    features = features_id(backbone, options.form, options.engine.precision, weights.sha256)
    return PublishedGraph(features, digest, suffix, backbone.input_size)


def open_graph(store: ArtifactStore, graph: PublishedGraph, engine: EngineOptions) -> Engine:
    """Return the engine of a published graph in this process, opened once and kept."""
    return cached_engine(graph.sha256, lambda: store.get(GRAPHS, graph.sha256, graph.suffix), engine)


def feature_kernel(store: ArtifactStore, graph: PublishedGraph, engine: EngineOptions) -> Kernel:
    """Return the kernel from rows of `decoded_frames` to rows of `cnn_features`; failures have no row there."""

    def kernel(batches: Batches) -> Iterator[pa.RecordBatch]:
        opened = open_graph(store, graph, engine)
        for batch in batches:
            yield extract_features(batch, opened, graph.features, graph.input_size)

    return kernel


def imagenet_kernel(store: ArtifactStore, graph: PublishedGraph, engine: EngineOptions, k: int) -> Kernel:
    """Return the kernel from rows of `decoded_frames` to rows of `imagenet_predictions`; failures have no row there."""

    def kernel(batches: Batches) -> Iterator[pa.RecordBatch]:
        opened = open_graph(store, graph, engine)
        for batch in batches:
            yield predict_classes(batch, opened, graph.features, graph.input_size, k)

    return kernel
