"""Plain Python: as many processes as cores, each reads, decodes, computes and writes a Parquet file of its own."""

import argparse
import multiprocessing
import time
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.contestants.pictures import decode, engine_options, open_graph, peer_parser, processes
from benchmarks.harness.contestant import report

CHUNK_ROWS = 64


def work(arguments: argparse.Namespace, files: list[Path], following: "Synchronized[int]", number: int) -> None:
    """Take chunks of files until there are none; write their features."""
    engine = open_graph(arguments.graph, engine_options(arguments))
    writer: pq.ParquetWriter | None = None
    while True:
        with following.get_lock():
            start = following.value
            following.value += CHUNK_ROWS
        chunk = files[start : start + CHUNK_ROWS]
        if not chunk:
            break
        features = engine.run(np.stack([decode(path.read_bytes()) for path in chunk]))
        column = pa.FixedSizeListArray.from_arrays(pa.array(features.reshape(-1)), features.shape[1])
        table = pa.table({"path": [str(path) for path in chunk], "features": column})
        writer = writer or pq.ParquetWriter(arguments.output / f"part-{number}.parquet", table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def main() -> None:
    """Extract the features and report."""
    arguments = peer_parser(__doc__).parse_args()
    arguments.output.mkdir(parents=True)
    started = time.time()
    context = multiprocessing.get_context("fork")
    following = context.Value("q", 0)
    files = sorted(arguments.source.rglob("*.jpg"))
    members = [context.Process(target=work, args=(arguments, files, following, n)) for n in range(processes())]
    for member in members:
        member.start()
    for member in members:
        member.join()
        if member.exitcode:
            raise SystemExit(f"a process ended with code {member.exitcode}")
    finished_at = time.time()
    report(arguments, finished_at, job_seconds=finished_at - started)


if __name__ == "__main__":
    main()
