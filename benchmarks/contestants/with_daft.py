"""Daft, native runner: it lists and downloads, a class in as many processes as cores decodes and computes.

The class takes the bytes of the files, which are 30 times smaller than the frames that Daft would have to hand over if
it decoded them itself. Threads in place of processes took as long.
"""

import os
import time
from pathlib import Path

import daft  # type: ignore[import-not-found] # of the environment of the peers
import numpy as np
import pyarrow as pa

from benchmarks.contestants.pictures import decode, engine_options, open_graph, peer_parser, processes
from benchmarks.harness.contestant import report
from image_assets.vision.engine import EngineOptions

BATCH_ROWS = 32


@daft.cls(max_concurrency=processes(), use_process=True)
class Extract:
    """Keeps the engine open from batch to batch."""

    def __init__(self, graph: str, options: EngineOptions) -> None:
        self._engine = open_graph(Path(graph), options)

    @daft.method.batch(return_dtype=daft.DataType.list(daft.DataType.float32()), batch_size=BATCH_ROWS)
    def __call__(self, contents: daft.Series) -> pa.Array:
        """Compute the features of a batch of files."""
        features = self._engine.run(np.stack([decode(content) for content in contents.to_pylist()]))
        offsets = np.arange(len(features) + 1, dtype=np.int32) * np.int32(features.shape[1])
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(features.reshape(-1)))


def main() -> None:
    """Extract the features and report."""
    arguments = peer_parser(__doc__).parse_args()
    started = time.time()
    daft.set_runner_native()
    extract = Extract(str(arguments.graph), engine_options(arguments))
    files = daft.from_glob_path(f"{arguments.source}/**/*.jpg").select("path")
    contents = files.with_column("content", daft.functions.download(daft.col("path")))
    features = contents.select(daft.col("path"), extract(daft.col("content")).alias("features"))
    features.write_parquet(str(arguments.output))
    finished_at = time.time()
    report(arguments, finished_at, job_seconds=finished_at - started)
    os._exit(0)  # Daft 0.7.26 sometimes crashes while the interpreter ends, when everything is written


if __name__ == "__main__":
    main()
