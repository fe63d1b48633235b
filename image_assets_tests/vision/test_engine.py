import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper

from image_assets.errors import SettingsError
from image_assets.vision.engine import (
    EngineCache,
    EngineName,
    EngineOptions,
    OnnxRuntimeEngine,
    OpenVinoEngine,
    cached_engine,
    open_engine,
)

SIZE = 4


@pytest.fixture(scope="module")
def mean_colour_graph() -> bytes:
    """A graph with the ends of an exported backbone: frames to the mean of each channel."""
    frames = helper.make_tensor_value_info("frames", TensorProto.UINT8, ["n", SIZE, SIZE, 3])
    pooled = helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["n", 3])
    nodes = [
        helper.make_node("Cast", ["frames"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["pooled"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(nodes, "mean_colour", [frames], [pooled])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def frames_of_colours(colours: list[tuple[int, int, int]]) -> npt.NDArray[np.uint8]:
    frames = np.empty((len(colours), SIZE, SIZE, 3), np.uint8)
    frames[:] = np.array(colours, np.uint8).reshape(-1, 1, 1, 3)
    return frames


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("batch_rows", [1, 2, 3, 8])
def test_every_row_gets_its_own_output_whatever_the_batch_size(
    mean_colour_graph: bytes, name: EngineName, batch_rows: int
) -> None:
    colours = [(i, 2 * i, 255 - i) for i in range(5)]
    engine = open_engine(mean_colour_graph, EngineOptions(name, batch_rows=batch_rows))
    features = engine.run(frames_of_colours(colours))
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, np.array(colours, np.float32))


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_a_run_does_not_change_the_output_of_the_run_before(mean_colour_graph: bytes, name: EngineName) -> None:
    engine = open_engine(mean_colour_graph, EngineOptions(name))
    first = engine.run(frames_of_colours([(1, 2, 3), (4, 5, 6)]))
    engine.run(frames_of_colours([(9, 9, 9), (9, 9, 9)]))
    assert first.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_read_only_frames_are_accepted_and_no_frames_give_no_rows(mean_colour_graph: bytes, name: EngineName) -> None:
    engine = open_engine(mean_colour_graph, EngineOptions(name))
    read_only = np.frombuffer(frames_of_colours([(7, 8, 9)]).tobytes(), np.uint8).reshape(1, SIZE, SIZE, 3)
    assert engine.run(read_only).tolist() == [[7, 8, 9]]
    assert engine.run(frames_of_colours([])).shape == (0, 3)


def test_the_default_engine_is_openvino_with_one_thread(mean_colour_graph: bytes) -> None:
    assert EngineOptions() == EngineOptions("openvino", "cpu", threads=1, batch_rows=2)
    assert isinstance(open_engine(mean_colour_graph, EngineOptions()), OpenVinoEngine)


def test_engines_say_which_graph_they_take() -> None:
    formats = [EngineOptions(name).graph_format for name in ("openvino", "onnxruntime", "tensorflow")]
    assert formats == ["onnx", "onnx", "keras"]


def test_unknown_names_and_impossible_numbers_are_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="no engine 'tensorrt'; choose one of: openvino, onnxruntime, tensorflow"):
        EngineOptions("tensorrt")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="no device 'tpu'; choose one of: cpu, cuda"):
        EngineOptions(device="tpu")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="batch_rows of the engine is 0"):
        EngineOptions(batch_rows=0)
    with pytest.raises(SettingsError, match="threads of the engine is 0"):
        EngineOptions(threads=0)
    with pytest.raises(SettingsError, match="choose the engine onnxruntime"):
        EngineOptions("openvino", "cuda")
    with pytest.raises(SettingsError, match="no precision 'float16'; choose one of: float32, bfloat16"):
        EngineOptions(precision="float16")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="engine onnxruntime does not compute in bfloat16; choose the engine open"):
        EngineOptions("onnxruntime", precision="bfloat16")


def test_a_missing_cuda_device_is_an_error_and_not_a_slow_run(mean_colour_graph: bytes) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with pytest.raises(SettingsError, match=r"only has .*CPUExecutionProvider: install onnxruntime-gpu"):
        open_engine(mean_colour_graph, EngineOptions("onnxruntime", "cuda"))


def test_a_processor_without_bfloat16_is_an_error_and_not_another_precision(
    mean_colour_graph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import openvino

    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32", "INT8"])
    with pytest.raises(SettingsError, match=r"names FP32, INT8\): choose the precision float32"):
        open_engine(mean_colour_graph, EngineOptions(precision="bfloat16"))
    assert open_engine(mean_colour_graph, EngineOptions()).run(frames_of_colours([(1, 2, 3)])).tolist() == [[1, 2, 3]]


def test_a_process_opens_a_graph_once(mean_colour_graph: bytes) -> None:
    loads = []

    def load() -> bytes:
        loads.append(1)
        return mean_colour_graph

    engines = {id(cached_engine("test_a_process_opens_a_graph_once", load, EngineOptions())) for _ in range(3)}
    assert (len(engines), len(loads)) == (1, 1)
    other = cached_engine("test_a_process_opens_a_graph_once", load, EngineOptions("onnxruntime"))
    assert isinstance(other, OnnxRuntimeEngine)
    assert len(loads) == 2


def test_a_full_cache_drops_the_engine_used_longest_ago(mean_colour_graph: bytes) -> None:
    cache = EngineCache(capacity=2)
    loaded = []

    def use(graph_id: str) -> None:
        def load() -> bytes:
            loaded.append(graph_id)
            return mean_colour_graph

        cache.get(graph_id, load, EngineOptions("onnxruntime"))

    for graph_id in ("a", "b", "a", "c", "a", "b"):
        use(graph_id)
    assert loaded == ["a", "b", "c", "b"]
