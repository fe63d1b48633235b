"""Ray Data, in three forms; Ray lists, reads and writes Parquet in all of them.

`tasks`, which keep their engine from one to the next, and `actors` take the bytes of the files, decode and compute: the
frames, 30 times larger, never leave a process. `guide` is how Ray's guide to batch inference on images is written: Ray
reads the pictures, a `map` prepares each, and actors compute batches of what comes to them through the object store.
"""

import time
from typing import Any

import numpy as np
import ray  # type: ignore[import-not-found] # of the environment of the peers
import ray.data  # type: ignore[import-not-found]

from benchmarks.contestants.pictures import decode, engine_options, kept_engine, peer_parser, processes, resize
from benchmarks.harness.contestant import report

BATCH_ROWS = 64
CPUS_OF_AN_ACTOR = 0.8
CPUS_OF_A_READER = 0.2
"""Actors hold their share for the whole run; what reads, prepares and writes needs the rest."""

Batch = dict[str, Any]


class Extract:
    """Computes batches of files or of frames; every instance of a process shares its engine."""

    def __init__(self, *network: Any) -> None:
        self._network = network

    def __call__(self, batch: Batch) -> Batch:
        """Compute the features of a batch."""
        frames = batch["frame"] if "frame" in batch else np.stack([decode(content) for content in batch["bytes"]])
        return {"path": batch["path"], "features": kept_engine(*self._network).run(frames)}


def prepare(row: Batch) -> Batch:
    """Bring one picture to the size that the network takes."""
    return {"path": row["path"], "frame": resize(row["image"])}


def main() -> None:
    """Extract the features and report."""
    parser = peer_parser(__doc__)
    parser.add_argument("--form", choices=["tasks", "actors", "guide"], required=True)
    arguments = parser.parse_args()
    network = (arguments.graph, engine_options(arguments))
    started = time.time()
    ray.init(num_cpus=processes(), include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    source, share = str(arguments.source), {"num_cpus": CPUS_OF_A_READER}
    actors = {"concurrency": processes(), "num_cpus": CPUS_OF_AN_ACTOR, "fn_constructor_args": network}
    if arguments.form == "guide":
        pictures = ray.data.read_images(source, mode="RGB", include_paths=True, ray_remote_args=share)
        features = pictures.map(prepare, **share).map_batches(Extract, batch_size=BATCH_ROWS, **actors)
    elif arguments.form == "actors":
        files = ray.data.read_binary_files(source, include_paths=True, ray_remote_args=share)
        features = files.map_batches(Extract, batch_size=BATCH_ROWS, **actors)
    else:
        files = ray.data.read_binary_files(source, include_paths=True)
        features = files.map_batches(Extract(*network).__call__, batch_size=BATCH_ROWS)
    features.write_parquet(str(arguments.output))
    finished_at = time.time()
    report(arguments, finished_at, job_seconds=finished_at - started)
    ray.shutdown()


if __name__ == "__main__":
    main()
