"""Ours: stages of the chain in one Spark session, each with its time; files are packed and frames stored on the way."""

import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from benchmarks.harness.chain import Chain
from benchmarks.harness.contestant import contestant_parser, report, started_at
from benchmarks.harness.options import add_network, backbone_options
from benchmarks.harness.worker_memory import WorkerMemory
from image_assets.spark.session import SparkOptions, start_session


def main() -> None:
    """Run the stages and report."""
    parser = contestant_parser(__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    add_network(parser)
    parser.add_argument("--stages", nargs="+", required=True, help="in order; one that comes twice runs twice")
    parser.add_argument("--classes", nargs="+", help="all of the source by default")
    parser.add_argument("--warm-up", action="store_true", help="start all workers before the first stage")
    parser.add_argument("--watch-memory", action="store_true", help="sample the memory of the workers")
    arguments = parser.parse_args()

    backbone = backbone_options(arguments)
    memory = WorkerMemory()
    with memory if arguments.watch_memory else nullcontext():
        session = start_session(SparkOptions())
        chain = Chain(session, arguments.source, arguments.warehouse, backbone, arguments.classes)
        if arguments.warm_up:
            chain.warm_up()
        ready_after = time.time() - started_at()
        stages = [chain.run(stage) for stage in arguments.stages]
    report(
        arguments,
        stages[-1].ended_at,
        ready_after=ready_after,
        stages=[asdict(stage) for stage in stages],
        peak_resident_mib=memory.peak_resident_mib,
        peak_anonymous_mib=memory.peak_anonymous_mib,
    )
    session.stop()


if __name__ == "__main__":
    main()
