"""What can be known of backbones without Keras: names, weights files, checkpoints, keys."""

import hashlib
import io
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from image_assets.errors import SettingsError, WeightsError
from image_assets.vision.backbones.child_process import ChildProcessFailedError, run_in_child
from image_assets.vision.backbones.export import features_id, graph_key
from image_assets.vision.backbones.registry import available_backbones, check_form, get_backbone
from image_assets.vision.backbones.torch_weights import LEGACY_MAGIC_NUMBER, read_torch_checkpoint
from image_assets.vision.backbones.weights import resolve_weights

LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def test_backbones_are_found_by_our_name_and_by_the_name_in_keras() -> None:
    assert available_backbones()[:3] == ("efficientnet_lite0", "mobilenet_v2", "resnet50")
    assert get_backbone("mobilenet_v2") is get_backbone("MobileNetV2")
    assert get_backbone("EfficientNetV2B0").name == "efficientnet_v2_b0"
    assert get_backbone("inception-v3").input_size == 299


def test_an_unknown_backbone_or_form_is_refused_with_the_choices() -> None:
    with pytest.raises(SettingsError, match="no backbone 'resnet51'; choose one of: efficientnet_lite0, mobilenet_v2"):
        get_backbone("resnet51")
    with pytest.raises(SettingsError, match="no feature form 'max'; choose one of: pooled, flattened, probabilities"):
        check_form("max")


def test_graph_keys_change_with_everything_that_changes_the_graph() -> None:
    lite0, resnet = get_backbone("efficientnet_lite0"), get_backbone("resnet50")
    keys = {
        graph_key(lite0, "pooled", "a" * 64),
        graph_key(resnet, "pooled", "a" * 64),
        graph_key(lite0, "flattened", "a" * 64),
        graph_key(lite0, "pooled", "b" * 64),
        graph_key(lite0, "pooled", "a" * 64, "keras"),
    }
    assert len(keys) == 5
    assert graph_key(resnet, "pooled", "a" * 64) == "resnet50-pooled-aaaaaaaaaaaaaaaa-v2.onnx"
    assert features_id(resnet, "pooled", "float32", "a" * 64) == "resnet50/pooled/aaaaaaaaaaaa"
    assert features_id(resnet, "pooled", "bfloat16", "a" * 64) == "resnet50/pooled-bfloat16/aaaaaaaaaaaa"


def test_the_configured_file_wins_over_the_folder_and_the_folder_over_the_package(tmp_path: Path) -> None:
    lite0 = get_backbone("efficientnet_lite0")
    assert resolve_weights(lite0, weights_dir=tmp_path).sha256 == LITE0_SHA256
    in_folder = tmp_path / "efficientnet_lite0.weights.h5"
    in_folder.write_bytes(b"folder")
    assert resolve_weights(lite0, weights_dir=tmp_path).path == in_folder
    named = tmp_path / "named.weights.h5"
    named.write_bytes(b"named")
    weights = resolve_weights(lite0, weights_file=named, weights_dir=tmp_path)
    assert (weights.path, weights.sha256) == (named, hashlib.sha256(b"named").hexdigest())


def test_weights_that_keras_downloaded_before_are_found_without_keras(tmp_path: Path) -> None:
    saved = tmp_path / "models" / "resnet50.weights.h5"
    saved.parent.mkdir()
    saved.write_bytes(b"saved")
    assert resolve_weights(get_backbone("resnet50"), keras_home=tmp_path).path == saved


def test_a_configured_file_that_is_absent_is_not_replaced_by_another(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"absent\.h5 cannot be read: No such file"):
        resolve_weights(get_backbone("efficientnet_lite0"), weights_file=tmp_path / "absent.h5")


def test_the_checkpoint_holds_the_tensors_of_the_published_network() -> None:
    path = resolve_weights(get_backbone("efficientnet_lite0")).path
    tensors = read_torch_checkpoint(path)
    floats = {name: tensor for name, tensor in tensors.items() if tensor.dtype == np.float32}
    assert sum(tensor.size for tensor in floats.values()) == 4_694_024
    assert floats["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert floats["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(tensor).all() for tensor in floats.values())


def checkpoint(state: object, *further: bytes) -> bytes:
    pickles = [pickle.dumps(part, protocol=2) for part in (LEGACY_MAGIC_NUMBER, 1001, {"little_endian": True}, state)]
    return b"".join([*pickles, *further])


def one_tensor_checkpoint(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """A checkpoint with a storage of the numbers 0 to 7, written as PyTorch would."""
    state = (
        b"\x80\x02}X\x06\x00\x00\x00weightctorch._utils\n_rebuild_tensor_v2\n("
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x08NtQ"
    )
    for argument in (offset, shape, strides):
        state += pickle.dumps(argument, protocol=2)[2:-1]
    state += b"\x89NtRs."
    parts: list[object] = [LEGACY_MAGIC_NUMBER, 1001, {}]
    pickles = [pickle.dumps(part, protocol=2) for part in parts]
    storage = (8).to_bytes(8, "little") + np.arange(8, dtype="<f4").tobytes()
    return b"".join([*pickles, state, pickle.dumps(["0"], protocol=2), storage])


class Malicious:
    """Unpickled by `pickle.load`, it would write a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.write_text, (self.target, "ran")


def test_a_checkpoint_that_calls_a_function_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "malicious.pth"
    content = checkpoint(OrderedDict(weight=Malicious(target)))
    path.write_bytes(content)
    pickles = io.BytesIO(content)
    for _ in range(4):
        pickle.load(pickles)  # noqa: S301  the point: plain pickle does run it
    assert target.read_text() == "ran"
    target.unlink()
    with pytest.raises(WeightsError, match="is not admitted"):
        read_torch_checkpoint(path)
    assert not target.exists()


@pytest.mark.parametrize(("offset", "shape", "strides"), [(0, (9,), (1,)), (-1, (1,), (1,)), (2, (2, 2), (-5, 6))])
def test_a_tensor_outside_its_storage_is_refused(
    tmp_path: Path, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    path = tmp_path / "outside.pth"
    path.write_bytes(one_tensor_checkpoint(offset, shape, strides))
    with pytest.raises(WeightsError, match="does not fit its storage of 8 numbers"):
        read_torch_checkpoint(path)


def test_a_tensor_is_the_window_of_its_storage_that_the_file_describes(tmp_path: Path) -> None:
    path = tmp_path / "transposed.pth"
    path.write_bytes(one_tensor_checkpoint(2, (3, 2), (1, 3)))
    assert read_torch_checkpoint(path)["weight"].tolist() == [[2, 5], [3, 6], [4, 7]]


@pytest.mark.parametrize("n_bytes", [0, 10, 30_000, 1_000_000, 18_000_000])
def test_a_truncated_checkpoint_is_refused_by_name(tmp_path: Path, n_bytes: int) -> None:
    whole = resolve_weights(get_backbone("efficientnet_lite0")).path.read_bytes()
    path = tmp_path / "truncated.pth"
    path.write_bytes(whole[:n_bytes])
    with pytest.raises(WeightsError, match=r"truncated\.pth is not a readable PyTorch checkpoint"):
        read_torch_checkpoint(path)


def test_a_pickle_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(pickle.dumps({"weight": [1.0]}))
    with pytest.raises(WeightsError, match="does not begin like a PyTorch checkpoint"):
        read_torch_checkpoint(path)


def raise_weights_error(path: str) -> None:
    raise WeightsError(f"{path} is damaged: fetch it again")


def divide_by_zero() -> None:
    _ = 1 // 0


def write_text(path: str) -> None:
    Path(path).write_text("written by the child")


def test_a_child_process_does_the_work_of_a_function(tmp_path: Path) -> None:
    run_in_child(write_text, path=str(tmp_path / "result"))
    assert (tmp_path / "result").read_text() == "written by the child"


def test_an_error_of_a_child_process_arrives_as_it_was_raised() -> None:
    with pytest.raises(WeightsError, match=r"^x is damaged: fetch it again$"):
        run_in_child(raise_weights_error, path="x")


def test_a_crash_of_a_child_process_names_the_function_and_the_cause() -> None:
    with pytest.raises(ChildProcessFailedError, match=r"divide_by_zero failed .*: ZeroDivisionError"):
        run_in_child(divide_by_zero)


def test_executors_import_no_tensorflow() -> None:
    modules = "image_assets.vision.features, image_assets.vision.backbones.export"
    program = (
        f"import sys, {modules}; print(sorted({{'tensorflow', 'keras', 'onnxruntime', 'openvino'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
