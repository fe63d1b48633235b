"""Runs the exported graph of a backbone on frames: which engines there are, and how they are set up for Spark.

One engine per Python worker, its threads equal to the cores of a task, kept from task to task by `cached_engine`.
Every engine cuts the frames that it is given into batches of `batch_rows`, whatever the size of the Arrow batch: what
a small batch computes stays in the processor's cache.
"""

import contextlib
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from image_assets.errors import SettingsError

EngineName = Literal["openvino", "onnxruntime", "tensorflow"]
Device = Literal["cpu", "cuda"]
Precision = Literal["float32", "bfloat16"]
Frames = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]

CACHED_ENGINES = 2


@dataclass(frozen=True)
class EngineOptions:
    """What runs a graph, and how exactly.

    Attributes:
        engine: `openvino`, the fastest measured; `onnxruntime`, which also knows CUDA; `tensorflow`, the reference.
        device: `cpu`; or `cuda`, with `onnxruntime` or `tensorflow`.
        threads: Threads of one call, equal to `spark.task.cpus`.
        batch_rows: Frames per call of the engine. 2 is the fastest measured on a CPU; a GPU wants 32 or more.
        precision: `float32`, equal to TensorFlow within 1e-4; or `bfloat16`, with `openvino` on processors that have
            such instructions: up to twice as fast, features differ by some percent.
    """

    engine: EngineName = "openvino"
    device: Device = "cpu"
    threads: int = 1
    batch_rows: int = 2
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        for what, value, admitted in (
            ("engine", self.engine, get_args(EngineName)),
            ("device", self.device, get_args(Device)),
            ("precision", self.precision, get_args(Precision)),
        ):
            if value not in admitted:
                raise SettingsError(f"There is no {what} {value!r}; choose one of: {', '.join(admitted)}")
        for what, number in (("threads", self.threads), ("batch_rows", self.batch_rows)):
            if number < 1:
                raise SettingsError(f"{what} of the engine is {number}; it must be 1 or more")
        if (self.engine, self.device) == ("openvino", "cuda"):
            raise SettingsError("The engine openvino does not run on the device cuda; choose the engine onnxruntime")
        if self.precision == "bfloat16" and self.engine != "openvino":
            raise SettingsError(
                f"The engine {self.engine} does not compute in bfloat16; choose the engine openvino, or the precision "
                "float32"
            )

    @property
    def graph_format(self) -> Literal["onnx", "keras"]:
        """The format of the graphs that the engine takes."""
        return "keras" if self.engine == "tensorflow" else "onnx"


class Engine(Protocol):
    """A graph that is ready to run."""

    def run(self, frames: Frames) -> Features:
        """Compute the output of the graph.

        Args:
            frames: uint8 RGB (n, input_size, input_size, 3); n may be 0.

        Returns:
            float32 (n, d).
        """


def _run_in_batches(frames: Frames, batch_rows: int, width: int, run_batch: Callable[[Frames], Features]) -> Features:
    features = np.empty((len(frames), width), np.float32)
    for start in range(0, len(frames), batch_rows):
        batch = frames[start : start + batch_rows]
        features[start : start + len(batch)] = run_batch(batch)
    return features


def check_precision(options: EngineOptions) -> None:
    """Check that this machine computes in the precision that is asked for.

    Raises:
        SettingsError: if its processor has no instructions for bfloat16.
    """
    if options.precision == "float32":
        return
    import openvino

    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if "BF16" not in capabilities:
        raise SettingsError(
            "The precision bfloat16 was asked for, but OpenVINO finds no instructions for it in this processor (it "
            f"names {', '.join(capabilities)}): choose the precision float32"
        )


class OpenVinoEngine:
    """OpenVINO on the CPU, compiled for batches of one size, which is 5 to 15 % faster than for any size."""

    def __init__(self, graph: bytes, options: EngineOptions) -> None:
        import openvino

        check_precision(options)
        core = openvino.Core()
        model = core.read_model(graph)
        height, width, n_channels = (dimension.get_length() for dimension in model.input(0).partial_shape[1:])
        model.reshape([options.batch_rows, height, width, n_channels])
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": options.threads,
            "NUM_STREAMS": 1,
            # The default is bfloat16 where the processor has it, which changes features by some percent.
            "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[options.precision],
            # Every process would pin its thread to the same first core.
            "ENABLE_CPU_PINNING": False,
        }
        self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        self._padded = np.zeros((options.batch_rows, height, width, n_channels), np.uint8)
        self._width = int(model.output(0).shape[1])

    def _run_batch(self, batch: Frames) -> Features:
        n_rows = len(batch)
        if n_rows < len(self._padded):
            self._padded[:n_rows] = batch
            batch = self._padded
        self._request.infer([batch], share_inputs=True)
        features: Features = self._request.get_output_tensor(0).data[:n_rows]
        return features

    def run(self, frames: Frames) -> Features:
        """See `Engine.run`."""
        return _run_in_batches(frames, len(self._padded), self._width, self._run_batch)


class OnnxRuntimeEngine:
    """ONNX Runtime, on the CPU or on a CUDA device."""

    def __init__(self, graph: bytes, options: EngineOptions) -> None:
        import onnxruntime

        providers = ["CPUExecutionProvider"]
        if options.device == "cuda":
            available = onnxruntime.get_available_providers()
            if "CUDAExecutionProvider" not in available:
                raise SettingsError(
                    "The device cuda was asked for, but this ONNX Runtime only has "
                    f"{', '.join(available)}: install onnxruntime-gpu, or choose the device cpu"
                )
            providers.insert(0, "CUDAExecutionProvider")
        session_options = onnxruntime.SessionOptions()
        session_options.intra_op_num_threads = options.threads
        session_options.inter_op_num_threads = 1
        # A thread that spins while it waits takes the core of another task.
        session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(graph, session_options, providers=providers)
        if self._session.get_providers()[0] != providers[0]:
            raise SettingsError(
                "The device cuda was asked for, but ONNX Runtime could not start on it: check the NVIDIA driver and "
                "CUDA libraries, or choose the device cpu"
            )
        self._input_name = self._session.get_inputs()[0].name
        self._width = int(self._session.get_outputs()[0].shape[1])
        self._batch_rows = options.batch_rows

    def _run_batch(self, batch: Frames) -> Features:
        features: Features = self._session.run(None, {self._input_name: batch})[0]
        return features

    def run(self, frames: Frames) -> Features:
        """See `Engine.run`."""
        return _run_in_batches(frames, self._batch_rows, self._width, self._run_batch)


class TensorFlowEngine:
    """Keras on TensorFlow: the reference that the others are compared with, several times slower.

    TensorFlow fixes its threads at its first computation: a process that has computed with it before keeps what it
    had.
    """

    def __init__(self, graph: bytes, options: EngineOptions) -> None:
        import keras
        import tensorflow as tf

        if options.device == "cuda" and not tf.config.list_physical_devices("GPU"):
            raise SettingsError(
                "The device cuda was asked for, but TensorFlow finds none: install tensorflow[and-cuda], or choose the "
                "device cpu"
            )
        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(options.threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "graph.keras"
            path.write_bytes(graph)
            self._model: Any = keras.models.load_model(path, compile=False)
        self._place: Callable[[], Any] = lambda: tf.device("/GPU:0" if options.device == "cuda" else "/CPU:0")
        self._width = int(self._model.output.shape[1])
        self._batch_rows = options.batch_rows

    def run(self, frames: Frames) -> Features:
        """See `Engine.run`."""
        with self._place():
            return _run_in_batches(frames, self._batch_rows, self._width, self._model.predict_on_batch)


ENGINES: dict[str, Callable[[bytes, EngineOptions], Engine]] = {
    "openvino": OpenVinoEngine,
    "onnxruntime": OnnxRuntimeEngine,
    "tensorflow": TensorFlowEngine,
}


def open_engine(graph: bytes, options: EngineOptions) -> Engine:
    """Make a graph ready to run.

    Args:
        graph: What `backbones.export.export_graph` returned for `options.graph_format`.
        options: What runs it.

    Raises:
        SettingsError: The device that was asked for is not there.
    """
    return ENGINES[options.engine](graph, options)


class EngineCache:
    """The engines of a process that were used last."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._engines: OrderedDict[Hashable, Engine] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, graph_id: str, load_graph: Callable[[], bytes], options: EngineOptions) -> Engine:
        """Return the engine of a graph, opened now if it is not here; see `cached_engine`."""
        key = (graph_id, options)
        with self._lock:
            if key not in self._engines:
                # Before the new one is opened, so that memory never holds more than the capacity.
                while len(self._engines) >= self._capacity:
                    self._engines.popitem(last=False)
                self._engines[key] = open_engine(load_graph(), options)
            self._engines.move_to_end(key)
            return self._engines[key]


_ENGINES_OF_THIS_PROCESS = EngineCache(CACHED_ENGINES)


def cached_engine(graph_id: str, load_graph: Callable[[], bytes], options: EngineOptions) -> Engine:
    """Return the engine of a graph in this process, opened once and kept for the next task.

    Args:
        graph_id: What identifies the graph: its digest, or `backbones.export.graph_key`.
        load_graph: Returns the graph; called only where the engine is not open yet.
        options: What runs it.

    Returns:
        The engine. A process keeps the two that it used last.

    Raises:
        SettingsError: The device that was asked for is not there.
    """
    return _ENGINES_OF_THIS_PROCESS.get(graph_id, load_graph, options)
