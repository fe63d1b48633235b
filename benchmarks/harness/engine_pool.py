"""The engine alone: processes that run a graph on frames in memory, started and warm before the clock."""

import multiprocessing
import time
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from image_assets.vision.engine import EngineOptions, open_engine

CHUNK_ROWS = 64
"""Frames that a process takes at once; who is free takes the next, so that none waits for a slower one at the end."""
WARM_UP_ROWS = 32


class Round(NamedTuple):
    """What the pool did with all frames.

    Attributes:
        seconds: until the last process was done.
        feature_sum: of all features, to compare.
    """

    seconds: float
    feature_sum: float


class EnginePool:
    """As many single-thread processes as are asked for, each with an open engine, all over the same frames.

    Args:
        graph: file of the exported network.
        options: what runs it.
        frames: an .npy file, uint8 [n, size, size, 3], on a file system that is memory.
        processes: how many.
    """

    def __init__(self, graph: Path, options: EngineOptions, frames: Path, processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._next: Synchronized[int] = context.Value("q", 0)
        self._members = [_start(context, graph, options, frames, self._next) for _ in range(processes)]
        for _, connection in self._members:
            connection.recv()

    def run(self) -> Round:
        """Compute the features of all frames once."""
        self._next.value = 0
        started = time.perf_counter()
        for _, connection in self._members:
            connection.send(True)
        answers = [connection.recv() for _, connection in self._members]
        # The clock of perf_counter is the same in all processes of a Linux machine.
        return Round(max(ended for ended, _ in answers) - started, sum(total for _, total in answers))

    def __enter__(self) -> "EnginePool":
        """Hand out the pool."""
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        """End the processes."""
        for process, connection in self._members:
            connection.send(False)
            process.join()


def _start(
    context: SpawnContext, graph: Path, options: EngineOptions, frames: Path, following: "Synchronized[int]"
) -> tuple[Any, "Connection[Any, Any]"]:
    ours, theirs = context.Pipe()
    process = context.Process(target=_member, args=(theirs, graph, options, frames, following), daemon=True)
    process.start()
    return process, ours


def _member(
    connection: "Connection[Any, Any]",
    graph: Path,
    options: EngineOptions,
    frames: Path,
    following: "Synchronized[int]",
) -> None:
    engine = open_engine(graph.read_bytes(), options)
    pixels = np.load(frames, mmap_mode="r")
    pixels.max()  # touches every page
    engine.run(pixels[:WARM_UP_ROWS])
    connection.send(None)
    while connection.recv():
        features = []
        while (start := _take(following)) < len(pixels):
            features.append(engine.run(pixels[start : start + CHUNK_ROWS]))
        ended = time.perf_counter()
        connection.send((ended, float(sum(block.sum(dtype=np.float64) for block in features))))


def _take(following: "Synchronized[int]") -> int:
    with following.get_lock():
        start = following.value
        following.value += CHUNK_ROWS
    return start
