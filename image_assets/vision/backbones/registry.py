"""Which backbones there are: their input, their preprocessing and where their features are read.

Facts about networks only; nothing here loads Keras. What builds a network is in `model`, what finds its weights in
`weights`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from image_assets.errors import SettingsError

Form = Literal["pooled", "flattened", "probabilities"]
WeightsSource = Literal["package", "keras"]

FORMS: tuple[str, ...] = get_args(Form)
DEFAULT_BACKBONE = "efficientnet_lite0"


@dataclass(frozen=True)
class Preprocessing:
    """What a network expects to be done to uint8 RGB pixels: `x * scale + offset`, a value per channel.

    Attributes:
        scale: Factor of each channel, in the order that the network expects.
        offset: Addend of each channel, in the same order.
        channel_order: Order of the channels that the network expects.
    """

    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channel_order: Literal["RGB", "BGR"] = "RGB"


def _uniform(scale: float, offset: float) -> Preprocessing:
    return Preprocessing((scale, scale, scale), (offset, offset, offset))


IN_NETWORK = Preprocessing()
MINUS_ONE_TO_ONE = _uniform(1 / 127.5, -1.0)  # mode "tf" of keras.applications.imagenet_utils
EFFICIENTNET_LITE = _uniform(1 / 128, -127 / 128)
MEAN_SUBTRACTED_BGR = Preprocessing(offset=(-103.939, -116.779, -123.68), channel_order="BGR")  # mode "caffe"
STANDARDIZED = Preprocessing(  # mode "torch"
    scale=(1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)),
    offset=(-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
)


@dataclass(frozen=True)
class Backbone:
    """A network with ImageNet weights.

    Attributes:
        name: Name in settings and tables.
        input_size: Height and width of the frames that it takes, in pixels.
        preprocessing: What its input layer expects.
        keras_application: Its class in `keras.applications`; None for the EfficientNet-Lite0 of this package.
        feature_layer: The layer whose map (height, width, channel) is pooled or flattened into features; None for
            the last layer with a spatial extent, which is the convention of `keras.applications`.
        class_head: The layer with the 1,000 softmax probabilities; None for the last layer, the same convention.
        weights_source: `package` if the weights come with a Python package, `keras` if Keras downloads them.
    """

    name: str
    input_size: int
    preprocessing: Preprocessing
    keras_application: str | None
    feature_layer: str | None = None
    class_head: str | None = None
    weights_source: WeightsSource = "keras"


_NAMED = (
    Backbone(
        "efficientnet_lite0", 224, EFFICIENTNET_LITE, None, "top_activation", "predictions", weights_source="package"
    ),
    Backbone("mobilenet_v2", 224, MINUS_ONE_TO_ONE, "MobileNetV2", "out_relu", "predictions"),
    Backbone("resnet50", 224, MEAN_SUBTRACTED_BGR, "ResNet50", "conv5_block3_out", "predictions"),
)

_BY_CONVENTION = (
    ("convnext_tiny", "ConvNeXtTiny", 224, IN_NETWORK),
    ("convnext_small", "ConvNeXtSmall", 224, IN_NETWORK),
    ("convnext_base", "ConvNeXtBase", 224, IN_NETWORK),
    ("convnext_large", "ConvNeXtLarge", 224, IN_NETWORK),
    ("convnext_xlarge", "ConvNeXtXLarge", 224, IN_NETWORK),
    ("densenet121", "DenseNet121", 224, STANDARDIZED),
    ("densenet169", "DenseNet169", 224, STANDARDIZED),
    ("densenet201", "DenseNet201", 224, STANDARDIZED),
    ("efficientnet_b0", "EfficientNetB0", 224, IN_NETWORK),
    ("efficientnet_b1", "EfficientNetB1", 240, IN_NETWORK),
    ("efficientnet_b2", "EfficientNetB2", 260, IN_NETWORK),
    ("efficientnet_b3", "EfficientNetB3", 300, IN_NETWORK),
    ("efficientnet_b4", "EfficientNetB4", 380, IN_NETWORK),
    ("efficientnet_b5", "EfficientNetB5", 456, IN_NETWORK),
    ("efficientnet_b6", "EfficientNetB6", 528, IN_NETWORK),
    ("efficientnet_b7", "EfficientNetB7", 600, IN_NETWORK),
    ("efficientnet_v2_b0", "EfficientNetV2B0", 224, IN_NETWORK),
    ("efficientnet_v2_b1", "EfficientNetV2B1", 240, IN_NETWORK),
    ("efficientnet_v2_b2", "EfficientNetV2B2", 260, IN_NETWORK),
    ("efficientnet_v2_b3", "EfficientNetV2B3", 300, IN_NETWORK),
    ("efficientnet_v2_s", "EfficientNetV2S", 384, IN_NETWORK),
    ("efficientnet_v2_m", "EfficientNetV2M", 480, IN_NETWORK),
    ("efficientnet_v2_l", "EfficientNetV2L", 480, IN_NETWORK),
    ("inception_resnet_v2", "InceptionResNetV2", 299, MINUS_ONE_TO_ONE),
    ("inception_v3", "InceptionV3", 299, MINUS_ONE_TO_ONE),
    ("mobilenet", "MobileNet", 224, MINUS_ONE_TO_ONE),
    ("mobilenet_v3_large", "MobileNetV3Large", 224, IN_NETWORK),
    ("mobilenet_v3_small", "MobileNetV3Small", 224, IN_NETWORK),
    ("nasnet_large", "NASNetLarge", 331, MINUS_ONE_TO_ONE),
    ("nasnet_mobile", "NASNetMobile", 224, MINUS_ONE_TO_ONE),
    ("resnet101", "ResNet101", 224, MEAN_SUBTRACTED_BGR),
    ("resnet152", "ResNet152", 224, MEAN_SUBTRACTED_BGR),
    ("resnet50_v2", "ResNet50V2", 224, MINUS_ONE_TO_ONE),
    ("resnet101_v2", "ResNet101V2", 224, MINUS_ONE_TO_ONE),
    ("resnet152_v2", "ResNet152V2", 224, MINUS_ONE_TO_ONE),
    ("vgg16", "VGG16", 224, MEAN_SUBTRACTED_BGR),
    ("vgg19", "VGG19", 224, MEAN_SUBTRACTED_BGR),
    ("xception", "Xception", 299, MINUS_ONE_TO_ONE),
)


def _key(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


_REGISTRY: dict[str, Backbone] = {
    _key(backbone.name): backbone
    for backbone in (
        *_NAMED,
        *(
            Backbone(name, input_size, preprocessing, application)
            for name, application, input_size, preprocessing in _BY_CONVENTION
        ),
    )
}


def available_backbones() -> tuple[str, ...]:
    """Return the names of all backbones, the default first."""
    return tuple(backbone.name for backbone in _REGISTRY.values())


def get_backbone(name: str) -> Backbone:
    """Return the backbone of a name.

    Args:
        name: A name of `available_backbones`, or the class in `keras.applications` (`MobileNetV2`); case, `_` and
            `-` do not matter.

    Raises:
        SettingsError: There is no such backbone.
    """
    try:
        return _REGISTRY[_key(name)]
    except KeyError:
        raise SettingsError(
            f"There is no backbone {name!r}; choose one of: {', '.join(available_backbones())}"
        ) from None


def check_form(form: str) -> Form:
    """Return the form if it is one of `FORMS`.

    Raises:
        SettingsError: It is not.
    """
    if form not in FORMS:
        raise SettingsError(f"There is no feature form {form!r}; choose one of: {', '.join(FORMS)}")
    return form  # type: ignore[return-value]
