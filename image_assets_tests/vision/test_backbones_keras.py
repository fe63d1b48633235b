"""Backbones against Keras itself: the same pixels through Keras's own model and through the exported graph."""

import functools
import inspect
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from skimage import data

from image_assets.errors import WeightsError
from image_assets.vision.backbones.export import export_graph
from image_assets.vision.backbones.model import build_model, build_network, load_weights
from image_assets.vision.backbones.onnx_graph import write_onnx
from image_assets.vision.backbones.registry import available_backbones, get_backbone
from image_assets.vision.backbones.weights import resolve_weights
from image_assets.vision.engine import EngineName, EngineOptions, open_engine
from image_assets.vision.imagenet import top_k
from image_assets_tests.precision import skip_without_bfloat16
from image_assets_tests.shared import shared_path

Features = npt.NDArray[np.float32]

PARITY = 1e-4  # largest difference from Keras, relative to the mean absolute feature


def weights_path(name: str) -> Path:
    if name == "efficientnet_lite0":
        return resolve_weights(get_backbone(name)).path
    return shared_path("weights", f"{name}.weights.h5")


@functools.cache
def photographs() -> npt.NDArray[np.uint8]:
    """scikit-image's cat, espresso and astronaut, 224 x 224."""
    loaders: list[Any] = [data.chelsea, data.coffee, data.astronaut]
    pictures = [Image.fromarray(load()) for load in loaders]
    return np.stack([np.asarray(p.resize((224, 224), Image.Resampling.BICUBIC)) for p in pictures])


@functools.cache
def keras_network(name: str) -> Any:
    """The network as Keras builds it, filled by Keras's own loader."""
    import keras

    if name == "efficientnet_lite0":
        network = build_network(get_backbone(name))
        load_weights(network, get_backbone(name), weights_path(name))
        return network
    application = {"mobilenet_v2": keras.applications.MobileNetV2, "resnet50": keras.applications.ResNet50}[name]
    network = application(weights=None)
    network.load_weights(weights_path(name))
    return network


def keras_input(name: str) -> npt.NDArray[np.float32]:
    import keras

    pixels = photographs().astype(np.float32)
    if name == "mobilenet_v2":
        return np.asarray(keras.applications.mobilenet_v2.preprocess_input(pixels))
    if name == "resnet50":
        return np.asarray(keras.applications.resnet50.preprocess_input(pixels))
    return ((pixels - 127) / 128).astype(np.float32)


@functools.cache
def keras_outputs(name: str) -> tuple[Features, Features, Features]:
    """Feature map, the layer before the classifier, and the probabilities, by `keras.Model.predict`."""
    import keras

    network = keras_network(name)
    layers = network.layers
    model = keras.Model(network.input, [layers[-3].output, layers[-2].output, layers[-1].output])
    feature_map, pooled, probabilities = model.predict(keras_input(name), verbose=0)
    return feature_map, pooled, probabilities


@functools.cache
def graph(name: str, form: Any) -> bytes:
    """The ONNX graph, exported in this process to import TensorFlow only once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        write_onnx(build_model(get_backbone(name), form, weights_path(name)), path, form)
        return path.read_bytes()


def run(name: str, form: str, engine: EngineName = "openvino") -> Features:
    return open_engine(graph(name, form), EngineOptions(engine)).run(photographs())


def assert_equal_within_parity(features: Features, expected: Features) -> None:
    assert features.shape == expected.shape
    assert np.abs(features - expected).max() <= PARITY * np.abs(expected).mean()


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize(("name", "width"), [("efficientnet_lite0", 1280), ("mobilenet_v2", 1280), ("resnet50", 2048)])
def test_pooled_features_equal_those_of_keras(name: str, width: int, engine: EngineName) -> None:
    _, expected, _ = keras_outputs(name)
    assert expected.shape == (3, width)
    assert_equal_within_parity(run(name, "pooled", engine), expected)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet_v2", "resnet50"])
def test_bfloat16_is_another_precision_of_the_same_features(name: str) -> None:
    skip_without_bfloat16()
    engine = open_engine(graph(name, "pooled"), EngineOptions(precision="bfloat16"))
    features, expected = engine.run(photographs()), run(name, "pooled")
    assert np.abs(features - expected).max() > 10 * PARITY * np.abs(expected).mean()
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((features * expected).sum(axis=1) / lengths).min() > 0.99


def test_flattened_features_are_the_feature_map_in_row_major_order() -> None:
    feature_map, _, _ = keras_outputs("mobilenet_v2")
    assert feature_map.shape == (3, 7, 7, 1280)
    assert_equal_within_parity(run("mobilenet_v2", "flattened"), feature_map.reshape(3, 62_720))


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet50"])
def test_known_photographs_are_recognized_and_the_best_five_are_those_of_keras(name: str) -> None:
    _, _, expected = keras_outputs(name)
    probabilities = run(name, "probabilities")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    labels = top_k(probabilities, 5).labels.to_pylist()
    assert labels == top_k(expected, 5).labels.to_pylist()
    assert labels[0][0] in {"Egyptian_cat", "tiger_cat", "tabby"}
    assert labels[1][0] in {"espresso", "cup"}


def test_efficientnet_lite0_sees_three_kinds_of_cat() -> None:
    cat = top_k(run("efficientnet_lite0", "probabilities"), 3).labels[0].as_py()
    assert set(cat) == {"Egyptian_cat", "tiger_cat", "tabby"}


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet_v2", "resnet50"])
def test_batch_normalization_is_folded_and_one_transpose_is_left(name: str) -> None:
    import onnx

    exported = onnx.load_model_from_string(graph(name, "pooled"))
    kinds = [node.op_type for node in exported.graph.node]
    assert kinds.count("Transpose") == 1
    assert not {"BatchNormalization", "Pad", "Reciprocal", "Sqrt"} & set(kinds)
    assert [end.name for end in (*exported.graph.input, *exported.graph.output)] == ["frames", "pooled"]


def test_the_tensorflow_engine_runs_the_saved_keras_model(tmp_path: Path) -> None:
    path = tmp_path / "graph.keras"
    build_model(get_backbone("resnet50"), "pooled", weights_path("resnet50")).save(path)
    features = open_engine(path.read_bytes(), EngineOptions("tensorflow")).run(photographs())
    assert_equal_within_parity(features, keras_outputs("resnet50")[1])


def test_weights_of_another_network_are_refused_by_name() -> None:
    mobilenet = get_backbone("mobilenet_v2")
    with pytest.raises(WeightsError, match=r"resnet50\.weights\.h5 does not hold weights of mobilenet_v2"):
        load_weights(build_network(mobilenet), mobilenet, weights_path("resnet50"))
    with pytest.raises(WeightsError, match="read for efficientnet_lite0, not mobilenet_v2"):
        load_weights(build_network(mobilenet), mobilenet, weights_path("efficientnet_lite0"))


def test_weights_that_lack_a_layer_are_refused_though_keras_would_only_warn(tmp_path: Path) -> None:
    import h5py  # type: ignore[import-untyped]

    path = tmp_path / "lacking.weights.h5"
    shutil.copyfile(weights_path("mobilenet_v2"), path)
    path.chmod(0o600)
    with h5py.File(path, "a") as file:
        del file["layers/batch_normalization_7"]
    mobilenet = get_backbone("mobilenet_v2")
    with pytest.raises(WeightsError, match=r"batch_normalization_7/vars/0 the network has shape .*, the file None"):
        load_weights(build_network(mobilenet), mobilenet, path)


@pytest.mark.parametrize("name", ["cut.weights.h5", "cut.h5"])
def test_truncated_weights_are_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(weights_path("mobilenet_v2").read_bytes()[:1_000_000])
    mobilenet = get_backbone("mobilenet_v2")
    with pytest.raises(WeightsError, match=f"{name} cannot be read as weights of mobilenet_v2: it is damaged"):
        load_weights(build_network(mobilenet), mobilenet, path)


def test_efficientnet_lite0_also_takes_a_weights_file_of_keras(tmp_path: Path) -> None:
    lite0, path = get_backbone("efficientnet_lite0"), tmp_path / "lite0.weights.h5"
    keras_network("efficientnet_lite0").save_weights(path)
    network = build_network(lite0)
    load_weights(network, lite0, path)
    for found, expected in zip(network.get_weights(), keras_network("efficientnet_lite0").get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def applications() -> dict[str, Any]:
    from keras import applications

    return {
        name: value
        for name, value in vars(applications).items()
        if inspect.isfunction(value) and "classifier_activation" in inspect.signature(value).parameters
    }


def test_the_registry_holds_every_network_of_keras_with_its_preprocessing() -> None:
    backbones = {b.keras_application: b for b in map(get_backbone, available_backbones()) if b.keras_application}
    assert set(backbones) == set(applications())
    pixels = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3)).astype(np.float32)
    for name, application in applications().items():
        expected = inspect.getmodule(application).preprocess_input(pixels.copy())  # type: ignore[union-attr]
        preprocessing = backbones[name].preprocessing
        ordered = pixels[..., ::-1] if preprocessing.channel_order == "BGR" else pixels
        found = ordered * preprocessing.scale + preprocessing.offset
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_b0"])
def test_other_networks_work_by_their_name_and_pool_what_keras_pools(tmp_path: Path, name: str) -> None:
    backbone = get_backbone(name)
    application = applications()[backbone.keras_application or ""]
    network = build_network(backbone)
    shape = (backbone.input_size, backbone.input_size, 3)
    headless = application(weights=None, include_top=False, pooling="avg", input_shape=shape)
    headless.set_weights(network.get_weights()[: len(headless.weights)])
    network.save_weights(tmp_path / "random.weights.h5")
    frames = np.random.default_rng(0).integers(0, 256, (1, *shape), np.uint8)
    preprocessed = inspect.getmodule(application).preprocess_input(frames.astype(np.float32))  # type: ignore[union-attr]
    write_onnx(build_model(backbone, "pooled", tmp_path / "random.weights.h5"), tmp_path / "graph.onnx", "pooled")
    engine = open_engine((tmp_path / "graph.onnx").read_bytes(), EngineOptions())
    assert_equal_within_parity(engine.run(frames), headless.predict(preprocessed, verbose=0))


def test_the_export_in_a_child_process_gives_the_same_features() -> None:
    exported = export_graph(get_backbone("efficientnet_lite0"), "pooled", weights_path("efficientnet_lite0"))
    features = open_engine(exported, EngineOptions()).run(photographs())
    assert_equal_within_parity(features, keras_outputs("efficientnet_lite0")[1])


def test_without_weights_and_network_the_error_names_the_three_remedies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(WeightsError) as error:
        resolve_weights(get_backbone("mobilenet_v2"), weights_dir=tmp_path / "weights", keras_home=tmp_path)
    for remedy in (
        "name a weights file in the configuration",
        f"put mobilenet_v2.weights.h5 into the weights folder (IMAGE_ASSETS_WEIGHTS_DIR, now {tmp_path / 'weights'})",
        f"let Keras download it into {tmp_path} once with network access",
    ):
        assert remedy in str(error.value)
