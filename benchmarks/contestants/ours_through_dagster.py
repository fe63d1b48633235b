"""Ours as users run it: the assets up to the features, in one Dagster run."""

import time
from pathlib import Path

from dagster import AssetKey, DagsterInstance

from benchmarks.harness.contestant import contestant_parser, report, started_at
from benchmarks.harness.options import add_network
from image_assets.automation.partitions import range_tags, register_classes
from image_assets.definitions import build_definitions
from image_assets.settings import Settings
from image_assets.vision.sources import open_source

ASSETS = ("raw_images", "decoded_frames", "cnn_features")


def main() -> None:
    """Materialize the assets and report."""
    parser = contestant_parser(__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    add_network(parser)
    arguments = parser.parse_args()

    settings = Settings(
        source=str(arguments.source),
        warehouse=str(arguments.warehouse),
        backbone=arguments.backbone,
        engine=arguments.engine,
        engine_precision=arguments.precision,
        weights_dir=arguments.weights_dir,
    )
    job = build_definitions(settings).resolve_job_def("fruits")
    classes = list(open_source(settings.source).class_folders())
    with DagsterInstance.ephemeral() as instance:
        register_classes(instance, classes)
        ready_after = time.time() - started_at()
        job.execute_in_process(
            instance=instance,
            tags=range_tags(instance, classes),
            asset_selection=[AssetKey(name) for name in ASSETS],
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
        )
        finished_at = time.time()
    report(arguments, finished_at, ready_after=ready_after)


if __name__ == "__main__":
    main()
