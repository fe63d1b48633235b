"""Ours up to the first feature, with a mark after everything that takes time on the way."""

import time

PYTHON_STARTED = time.time()

from pathlib import Path  # noqa: E402 - what follows is what the next mark measures

from benchmarks.harness.chain import Chain  # noqa: E402
from benchmarks.harness.contestant import contestant_parser, report, started_at  # noqa: E402
from benchmarks.harness.options import add_network, backbone_options  # noqa: E402
from image_assets.fruits.cnn_features import SOURCE_COLUMNS, PublishedGraph, open_graph  # noqa: E402
from image_assets.spark.session import SparkOptions, start_session  # noqa: E402
from image_assets.spark.stages import plan_fragments  # noqa: E402
from image_assets.vision.engine import EngineOptions  # noqa: E402
from image_assets.vision.features import extract_features  # noqa: E402
from image_assets.warehouse.reading import Fragment, read_fragment  # noqa: E402
from image_assets.warehouse.warehouse import Warehouse  # noqa: E402


class Marks:
    """Names of phases and when each ended."""

    def __init__(self) -> None:
        self._before = started_at()
        self.seconds: dict[str, float] = {}

    def add(self, phase: str, ended: float | None = None) -> None:
        """Note that a phase has ended, now by default."""
        now = ended or time.time()
        self.seconds[phase], self._before = now - self._before, now


def first_feature(
    warehouse: Warehouse, graph: PublishedGraph, options: EngineOptions, fragment: Fragment
) -> tuple[float, float, float]:
    """Compute one feature vector in a worker; return when the task began, the engine was open, the vector was there."""
    frames = warehouse.table("decoded_frames")
    began = time.time()
    engine = open_graph(warehouse.artifacts, graph, options)
    opened = time.time()
    batch = next(read_fragment(frames.root, fragment, SOURCE_COLUMNS, frames.partition_column, 1))
    extract_features(batch, engine, graph.features, graph.input_size)
    return began, opened, time.time()


def main() -> None:
    """Go the way of the chain and report."""
    marks = Marks()
    marks.add("Python starts", PYTHON_STARTED)
    marks.add("imports")
    parser = contestant_parser(__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    add_network(parser)
    arguments = parser.parse_args()
    backbone = backbone_options(arguments)

    session = start_session(SparkOptions())
    context = session.sparkContext
    marks.add("JVM and Spark session")
    context.parallelize([0], 1).map(lambda number: number + 1).collect()
    marks.add("first Python worker")
    chain = Chain(session, arguments.source, arguments.warehouse, backbone)
    chain.run("raw_images")
    marks.add("raw_images")
    chain.run("decoded_frames")
    marks.add("decoded_frames")
    graph = chain.publish_graph()
    marks.add("network found or exported")
    warehouse = chain.warehouse
    fragment = plan_fragments(context, warehouse.table("decoded_frames"))[0]
    work = context.parallelize([fragment], 1).map(lambda found: first_feature(warehouse, graph, backbone.engine, found))
    [(began, opened, computed)] = work.collect()
    marks.add("task starts", began)
    marks.add("engine loads and compiles the network", opened)
    marks.add("first frame read and computed", computed)
    report(arguments, computed, phases=marks.seconds)
    session.stop()


if __name__ == "__main__":
    main()
