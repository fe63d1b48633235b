"""What every peer does with a picture: Pillow decodes and resizes it as the frames of ours are made; and the engine."""

import argparse
import io
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.harness.contestant import contestant_parser
from image_assets.vision.engine import Engine, EngineOptions, open_engine

FRAME_SIZE = 224


def peer_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all peers have."""
    result = contestant_parser(description)
    result.add_argument("--output", type=Path, required=True, help="the folder of Parquet files to write")
    result.add_argument("--graph", type=Path, required=True, help="the exported network")
    result.add_argument("--engine", default="openvino")
    result.add_argument("--precision", default="float32")
    result.add_argument("--batch-rows", type=int, required=True, help="pictures per call of the engine")
    return result


def engine_options(arguments: argparse.Namespace) -> EngineOptions:
    """Return the options with which ours runs its engine, one thread among them."""
    return EngineOptions(arguments.engine, batch_rows=arguments.batch_rows, precision=arguments.precision)


def open_graph(graph: Path, options: EngineOptions) -> Engine:
    """Open the engine as ours does."""
    return open_engine(graph.read_bytes(), options)


@lru_cache(maxsize=1)
def kept_engine(graph: Path, options: EngineOptions) -> Engine:
    """Return the engine of this process, opened once."""
    return open_graph(graph, options)


def decode(content: bytes) -> npt.NDArray[np.uint8]:
    """Decode and resize one picture, uint8 [224, 224, 3]."""
    with Image.open(io.BytesIO(content)) as picture:
        return _frame(picture.convert("RGB"))


def resize(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Resize one picture, uint8 [height, width, 3], as `decode` does."""
    return _frame(Image.fromarray(pixels))


def _frame(picture: Image.Image) -> npt.NDArray[np.uint8]:
    return np.asarray(picture.resize((FRAME_SIZE, FRAME_SIZE), Image.Resampling.BICUBIC))


def processes() -> int:
    """Return how many single-thread processes the machine feeds."""
    return len(os.sched_getaffinity(0))
