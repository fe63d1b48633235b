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
    result.add_argument("--batch-rows", type=int, required=True, help="pictures per call of the engine")
    return result


def open_graph(graph: Path, engine: str, batch_rows: int) -> Engine:
    """Open the engine as ours does: one thread, the same options."""
    options = EngineOptions(engine=engine, batch_rows=batch_rows)  # type: ignore[arg-type]
    return open_engine(graph.read_bytes(), options)


@lru_cache(maxsize=1)
def kept_engine(graph: Path, engine: str, batch_rows: int) -> Engine:
    """Return the engine of this process, opened once."""
    return open_graph(graph, engine, batch_rows)


def decode(content: bytes) -> npt.NDArray[np.uint8]:
    """Decode and resize one picture, uint8 [224, 224, 3]."""
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB").resize((FRAME_SIZE, FRAME_SIZE), Image.Resampling.BICUBIC))


def processes() -> int:
    """Return how many single-thread processes the machine feeds."""
    return len(os.sched_getaffinity(0))
