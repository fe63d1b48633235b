"""The graph of a backbone as bytes, ready to be broadcast to executors: uint8 frames in, float32 features out.

The export takes Keras, 10 to 20 seconds and 1 to 2.5 GB, in a child process; the caller caches the bytes under
`graph_key`.
"""

import tempfile
from pathlib import Path
from typing import Literal

from image_assets.vision.backbones.child_process import run_in_child
from image_assets.vision.backbones.model import build_model
from image_assets.vision.backbones.onnx_graph import write_onnx
from image_assets.vision.backbones.registry import Backbone, Form, check_form, get_backbone
from image_assets.vision.engine import Precision

GraphFormat = Literal["onnx", "keras"]

EXPORT_VERSION = 2


def features_prefix(backbone: Backbone, form: Form, precision: Precision) -> str:
    """Return how the identity of features starts, whatever the weights: `resnet50/pooled/`.

    A precision other than float32 is a part of it: `resnet50/pooled-bfloat16/`.
    """
    return f"{backbone.name}/{form}/" if precision == "float32" else f"{backbone.name}/{form}-{precision}/"


def features_id(backbone: Backbone, form: Form, precision: Precision, weights_sha256: str) -> str:
    """Return what identifies features, as the tables record it; features with another one are computed anew."""
    return f"{features_prefix(backbone, form, precision)}{weights_sha256[:12]}"


def graph_key(backbone: Backbone, form: Form, weights_sha256: str, graph_format: GraphFormat = "onnx") -> str:
    """Return the name under which an exported graph can be cached; fit for a file name.

    It changes with everything that changes the graph: backbone, form, weights, and how this module exports.
    """
    return f"{backbone.name}-{form}-{weights_sha256[:16]}-v{EXPORT_VERSION}.{graph_format}"


def write_graph(backbone_name: str, form: str, weights: str, destination: str) -> None:
    """Build a model and write it; for a child process.

    Args:
        backbone_name: A name of the registry.
        form: A feature form.
        weights: The weights file.
        destination: The file to write; `.onnx` or `.keras`, which decides the format.
    """
    path = Path(destination)
    model = build_model(get_backbone(backbone_name), check_form(form), Path(weights))
    if path.suffix == ".keras":
        model.save(path)
    else:
        write_onnx(model, path, output_name=form)


def export_graph(backbone: Backbone, form: Form, weights: Path, graph_format: GraphFormat = "onnx") -> bytes:
    """Export the model of a backbone with its preprocessing folded in.

    Args:
        backbone: The network.
        form: `pooled`, `flattened` or `probabilities`, see `model.build_model`.
        weights: The weights file.
        graph_format: `onnx` for the fast engines; `keras` (an archive of `keras.Model.save`) for the reference
            engine.

    Returns:
        The graph. Input `frames`: uint8 RGB (n, input_size, input_size, 3); output, named after the form: float32
        (n, d). The same arguments give the same ONNX bytes.

    Raises:
        WeightsError: The weights are damaged or of another network.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"graph.{graph_format}"
        run_in_child(write_graph, backbone_name=backbone.name, form=form, weights=str(weights), destination=str(path))
        return path.read_bytes()
