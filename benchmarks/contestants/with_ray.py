"""Ray Data: it lists and reads; actors, or tasks that keep their engine, decode and compute; Ray writes Parquet."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import ray  # type: ignore[import-not-found] # of the environment of the peers
import ray.data  # type: ignore[import-not-found]

from benchmarks.contestants.pictures import decode, kept_engine, peer_parser, processes
from benchmarks.harness.contestant import report

BATCH_ROWS = 64
CPUS_OF_AN_ACTOR = 0.8
CPUS_OF_A_READER = 0.2
"""Actors hold their share for the whole run; what reads and writes needs the rest."""


class Extract:
    """Decodes and computes batches of files; every instance of a process shares its engine."""

    def __init__(self, graph: Path, engine: str, batch_rows: int) -> None:
        self._graph = (graph, engine, batch_rows)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Compute the features of a batch of files."""
        frames = np.stack([decode(content) for content in batch["bytes"]])
        return {"path": batch["path"], "features": kept_engine(*self._graph).run(frames)}


def main() -> None:
    """Extract the features and report."""
    parser = peer_parser(__doc__)
    parser.add_argument("--actors", action="store_true", help="a pool of actors in place of tasks")
    arguments = parser.parse_args()
    network = (arguments.graph, arguments.engine, arguments.batch_rows)
    started = time.time()
    ray.init(num_cpus=processes(), include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    share = {"num_cpus": CPUS_OF_A_READER} if arguments.actors else None
    files = ray.data.read_binary_files(str(arguments.source), include_paths=True, ray_remote_args=share)
    if arguments.actors:
        features = files.map_batches(
            Extract,
            fn_constructor_args=network,
            batch_size=BATCH_ROWS,
            concurrency=processes(),
            num_cpus=CPUS_OF_AN_ACTOR,
        )
    else:
        features = files.map_batches(Extract(*network).__call__, batch_size=BATCH_ROWS)
    features.write_parquet(str(arguments.output))
    finished_at = time.time()
    report(arguments, finished_at, job_seconds=finished_at - started)
    ray.shutdown()


if __name__ == "__main__":
    main()
