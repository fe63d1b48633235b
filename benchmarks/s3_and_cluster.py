"""The feature stage over S3 against local disk, and on two workers of a cluster against one, each warm and in turns.

The S3 server and all workers run on this machine: what they take from its cores is part of what is measured.

    python -m benchmarks.s3_and_cluster [--images 1500] [--runs 3] [--only cluster]
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from rich.console import Console

from benchmarks.harness.chain import Chain, StageRun
from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import backbone_options, parser, work_folder
from benchmarks.harness.prepared import Prepared, prepare
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.spark.session import SparkOptions, start_session
from image_assets_tests.cluster.local_cluster import LocalCluster, cluster, credentials
from image_assets_tests.s3.server import S3Server, serving

STAGE = "cnn_features"
STAGES = ("raw_images", "decoded_frames", STAGE)
LOCAL, REMOTE = "local disk", "S3"
PARTS = ("s3", "cluster")
S3_TARGET, CLUSTER_TARGET = 0.8, 1.7
ON_CLUSTER = {"spark.scheduler.minRegisteredResourcesRatio": "1.0", "spark.python.daemon.module": "pyspark.daemon"}
"""The first job waits until all cores are there, so that the warming reaches them; and the JVM of this process still
knows how the local session started its workers, which the machines of the cluster cannot."""


@contextmanager
def session(options: SparkOptions) -> Iterator[SparkSession]:
    """Run a session for as long as the block runs."""
    found = start_session(options)
    try:
        yield found
    finally:
        found.stop()


def upload(server: S3Server, folder: Path, address: str) -> None:
    """Copy the pictures of a folder to a bucket."""
    client = server.client()
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    for path in folder.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder)}")


def speeds(runs: Sequence[StageRun]) -> list[float]:
    """Return images per second."""
    return [run.images / run.seconds for run in runs]


def against_local_disk(
    arguments: argparse.Namespace, prepared: Prepared, folder: Path, console: Console
) -> dict[str, Any]:
    """Time each stage with source and warehouse on disk and on S3, in one session."""
    places = {LOCAL: (str(prepared.source), str(folder / "tables")), REMOTE: ("s3://pictures/all", "s3://tables/local")}
    with session(SparkOptions()) as spark:
        chains = {
            place: Chain(spark, source, warehouse, backbone_options(arguments))
            for place, (source, warehouse) in places.items()
        }
        for chain in chains.values():
            chain.warm_up()
        runs = interleaved({place: _all_stages(chain) for place, chain in chains.items()}, arguments.runs, console)
    found = {}
    for number, stage in enumerate(STAGES):
        measured = {place: speeds([run[number] for run in results]) for place, results in runs.items()}
        found[stage] = {
            **{place: Spread.of(values) for place, values in measured.items()},
            "ratio": ratios(measured[REMOTE], measured[LOCAL]),
        }
    return found


def _all_stages(chain: Chain) -> Callable[[], list[StageRun]]:
    return lambda: [chain.run(stage) for stage in STAGES]


def one_worker_against_two(arguments: argparse.Namespace, found: LocalCluster, console: Console) -> dict[str, Any]:
    """Time the feature stage on one core and on two cores of the cluster, each with a session of its own."""

    def run_on(cores: int) -> Callable[[], StageRun]:
        def run() -> StageRun:
            options = SparkOptions(
                master=found.url,
                python=str(found.python),
                driver_host="127.0.0.1",
                executor_memory="512m",
                max_cores=cores,
                extra=ON_CLUSTER,
            )
            with session(options) as spark:
                chain = Chain(spark, "s3://pictures/all", "s3://tables/local", backbone_options(arguments))
                chain.warm_up()
                return chain.run(STAGE)

        return run

    ways = {f"{cores} workers of one core" if cores > 1 else "1 worker of one core": run_on(cores) for cores in (1, 2)}
    one, two = (speeds(runs) for runs in interleaved(ways, arguments.runs, console).values())
    return {"one": Spread.of(one), "two": Spread.of(two), "ratio": ratios(two, one)}


def measure(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure, print the tables, and return what goes into the JSON."""
    with work_folder(arguments) as folder:
        prepared = prepare(arguments, folder)
        with serving(folder / "s3") as server:
            os.environ.update(server.environment)  # before the session: its workers inherit it
            upload(server, prepared.source, f"{server.bucket('pictures')}/all")
            server.bucket("tables")
            over_s3 = on_cluster = None
            if "s3" in arguments.only:
                over_s3 = against_local_disk(arguments, prepared, folder, console)
            else:
                store_frames(arguments)
            if "cluster" in arguments.only:
                with cluster(folder / "cluster", credentials(server)) as found:
                    on_cluster = one_worker_against_two(arguments, found, console)
    return summarize(over_s3, on_cluster, console)


def summarize(over_s3: dict[str, Any] | None, on_cluster: dict[str, Any] | None, console: Console) -> dict[str, Any]:
    """Print the tables of what was measured and return what goes into the JSON."""
    results: dict[str, Any] = {}
    targets: list[tuple[str, float, Spread]] = []
    if over_s3 is not None:
        rows = [(stage, values[LOCAL], values[REMOTE], values["ratio"]) for stage, values in over_s3.items()]
        print_table(console, "images/s, median (smallest-largest)", ["stage", LOCAL, REMOTE, "ratio"], rows)
        targets.append(("features over S3 against local disk", S3_TARGET, over_s3[STAGE]["ratio"]))
        results["over_s3"] = {stage: _as_json(values) for stage, values in over_s3.items()}
    if on_cluster is not None:
        row = (STAGE, on_cluster["one"], on_cluster["two"], on_cluster["ratio"])
        print_table(console, "cluster over S3, images/s", ["stage", "1 worker", "2 workers", "ratio"], [row])
        targets.append(("two workers against one", CLUSTER_TARGET, on_cluster["ratio"]))
        results["on_cluster"] = _as_json(on_cluster)
    print_table(console, "targets", ["target", "wanted", "measured"], targets)
    return results


def store_frames(arguments: argparse.Namespace) -> None:
    """Store the frames on S3 that the cluster computes features of."""
    with session(SparkOptions()) as spark:
        chain = Chain(spark, "s3://pictures/all", "s3://tables/local", backbone_options(arguments))
        for stage in STAGES[:-1]:
            chain.run(stage)


def _as_json(values: dict[str, Spread]) -> dict[str, Any]:
    return {name: spread.as_json() for name, spread in values.items()}


def main() -> None:
    """Read the arguments, measure, write the report."""
    options = parser(__doc__, images=1500, backbone="efficientnet_lite0")
    options.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="what is compared")
    arguments = options.parse_args()
    console = open_console()
    write_report("s3_and_cluster", vars(arguments), measure(arguments, console), console)


if __name__ == "__main__":
    main()
