"""Keras models of backbones: built, filled with weights that are checked, and cut to the form that is asked for.

Imports Keras and TensorFlow inside functions: 5 to 10 seconds and 700 MB, which Spark executors never pay.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_assets.errors import WeightsError
from image_assets.vision.backbones.efficientnet_lite0 import (
    build_efficientnet_lite0,
    load_efficientnet_lite0_checkpoint,
)
from image_assets.vision.backbones.registry import Backbone, Form, Preprocessing

if TYPE_CHECKING:
    import keras

Layout = dict[str, tuple[int, ...]]


def build_network(backbone: Backbone) -> "keras.Model":
    """Build the network of a backbone with its class head and random weights.

    Returns:
        A Keras model: preprocessed float32 (n, input_size, input_size, 3) to softmax probabilities (n, 1000).
    """
    if backbone.keras_application is None:
        return build_efficientnet_lite0(backbone.input_size)
    from keras import applications

    application = getattr(applications, backbone.keras_application)
    shape = (backbone.input_size, backbone.input_size, 3)
    return application(weights=None, input_shape=shape, classifier_activation="softmax")


def _weights_layout(path: Path) -> Layout:
    """Return path and shape of every array in a Keras weights file."""
    import h5py  # type: ignore[import-untyped]

    layout: Layout = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            layout[name] = item.shape

    with h5py.File(path) as file:
        file.visititems(visit)
    return layout


def _expected_layout(model: "keras.Model") -> Layout:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "expected.weights.h5"
        model.save_weights(path)
        return _weights_layout(path)


def _check_layout(model: "keras.Model", backbone: Backbone, path: Path) -> None:
    # Keras itself only warns about layers that the file lacks, and leaves them at random values.
    found, expected = _weights_layout(path), _expected_layout(model)
    if found == expected:
        return
    differing = min(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    raise WeightsError(
        f"{path} does not hold weights of {backbone.name}: it is another network or another version; for "
        f"{differing} the network has shape {expected.get(differing)}, the file {found.get(differing)}"
    )


def load_weights(model: "keras.Model", backbone: Backbone, path: Path) -> None:
    """Replace the weights of a network by those of a file.

    Args:
        model: What `build_network` returned.
        backbone: The backbone that the model was built for.
        path: A `.weights.h5` file of Keras 3, an `.h5` file as `keras.applications` downloads it, or the `.pth`
            checkpoint of EfficientNet-Lite0.

    Raises:
        WeightsError: The file is damaged, of another format, or holds another network.
    """
    if path.suffix == ".pth":
        if backbone.keras_application is not None:
            raise WeightsError(f"{path}: PyTorch checkpoints are read for efficientnet_lite0, not {backbone.name}")
        load_efficientnet_lite0_checkpoint(model, path)
        return
    try:
        if path.name.endswith(".weights.h5"):
            _check_layout(model, backbone, path)
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path} cannot be read as weights of {backbone.name}: it is damaged, truncated or of another network "
            f"({error}); fetch the file again"
        ) from error


def _scalar_if_uniform(values: tuple[float, ...]) -> float | list[float]:
    # ONNX Runtime takes 0.6 ms a picture, 6 % of EfficientNet-Lite0, for each operation on a value per channel.
    return values[0] if len(set(values)) == 1 else list(values)


def _preprocess(frames: Any, preprocessing: Preprocessing) -> Any:
    import keras

    if preprocessing.channel_order == "BGR":
        frames = keras.ops.take(frames, [2, 1, 0], axis=-1)
    scale, offset = _scalar_if_uniform(preprocessing.scale), _scalar_if_uniform(preprocessing.offset)
    return keras.layers.Rescaling(scale, offset)(frames)


def _feature_map(network: "keras.Model", backbone: Backbone) -> Any:
    if backbone.feature_layer is not None:
        return network.get_layer(backbone.feature_layer).output
    spatial = (layer.output for layer in network.layers if len(layer.output.shape) == 4)
    return [output for output in spatial if output.shape[1:3] != (1, 1)][-1]


def _output(network: "keras.Model", backbone: Backbone, form: Form) -> Any:
    import keras

    if form == "probabilities":
        return network.get_layer(backbone.class_head).output if backbone.class_head else network.output
    feature_map = _feature_map(network, backbone)
    if form == "pooled":
        return keras.layers.GlobalAveragePooling2D()(feature_map)
    return keras.layers.Flatten()(feature_map)


def build_model(backbone: Backbone, form: Form, weights: Path) -> "keras.Model":
    """Build the model that turns frames into features or probabilities.

    Args:
        backbone: The network.
        form: `pooled` (mean over the feature map), `flattened` (the feature map, row-major in height, width and
            channel) or `probabilities` (softmax over the 1,000 ImageNet classes).
        weights: The weights file, see `load_weights`.

    Returns:
        A Keras model: input `frames`, uint8 RGB (n, input_size, input_size, 3); output float32 (n, d).

    Raises:
        WeightsError: See `load_weights`.
    """
    import keras

    network = build_network(backbone)
    load_weights(network, backbone, weights)
    headed = keras.Model(network.input, _output(network, backbone, form))
    frames = keras.Input((backbone.input_size, backbone.input_size, 3), dtype="uint8", name="frames")
    model = keras.Model(frames, headed(_preprocess(frames, backbone.preprocessing)))
    model.trainable = False
    return model
