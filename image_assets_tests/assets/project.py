"""The project's definitions over a few real pictures, with a warehouse and a Dagster instance of their own."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import AssetKey, DagsterInstance, Definitions, ExecuteInProcessResult

from image_assets.automation.partitions import range_tags, register_classes
from image_assets.definitions import build_definitions
from image_assets.settings import Settings
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.shared import REPOSITORY

CLASSES = ["Apple_Red_1", "Apple_Red_2", "Cherry"]
ROWS = {"Apple_Red_1": 12, "Apple_Red_2": 9, "Cherry": 7}
"""Pictures of each class; in each, one cannot be read or decoded."""
MISFILED = "Test/Apple Red 1/misfiled.jpg"
"""A cherry among the apples, so that the classifier is bound to be wrong once."""
BROKEN = {"Training/Apple Red 1/gone.jpg", "Training/Apple Red 2/28_100.jpg", "Training/Cherry/28_100.jpg"}
"""A link to nowhere, a text file, half a JPEG."""

PICTURES = {
    "Training/Apple Red 1": range(6),
    "Training/Apple Red 2": [*range(5), 28],
    "Training/Cherry": [*range(4), 28],
    "Test/Apple Red 1": range(20, 24),
    "Test/Apple Red 2": range(20, 23),
    "Test/Cherry": range(20, 22),
}


def write_source(folder: Path) -> Path:
    """Fill a folder with some of the sample fruits, a misfiled picture and a link to nowhere."""
    sample = REPOSITORY / "data/fruits"
    for name, numbers in PICTURES.items():
        (folder / name).mkdir(parents=True)
        for number in numbers:
            shutil.copy(sample / name / f"{number}_100.jpg", folder / name)
    shutil.copy(sample / "Test/Cherry/22_100.jpg", folder / MISFILED)
    (folder / "Training/Apple Red 1/gone.jpg").symlink_to("nowhere.jpg")
    return folder


@dataclass(frozen=True)
class Project:
    """A folder with pictures in `source` and tables in `warehouse`, and the instance that keeps the records."""

    root: Path
    instance: DagsterInstance

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.at(self.root / "warehouse")

    def table(self, name: str) -> Table:
        return self.warehouse.table(name)

    def definitions(self, **settings: Any) -> Definitions:
        return build_definitions(Settings(source=str(self.source), warehouse=str(self.root / "warehouse"), **settings))

    def register(self, *classes: str) -> None:
        register_classes(self.instance, list(classes))

    def run(
        self,
        *assets: str,
        job_name: str = "__ASSET_JOB",
        classes: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        partition_key: str | None = None,
        raise_on_error: bool = False,
        **settings: Any,
    ) -> "Run":
        """Materialize assets, or all of a job if none is named, as Dagster's own commands do.

        Args:
            assets: their names.
            job_name: of the job, by default the one that has every asset.
            classes: partitions of the run, any number of them.
            tags: of the run.
            partition_key: the one partition of the run.
            raise_on_error: whether what a step raises comes through; else the run says what failed.
            settings: of the project that are not the default.
        """
        job = self.definitions(**settings).resolve_job_def(job_name)
        result = job.execute_in_process(
            instance=self.instance,
            asset_selection=[AssetKey(name) for name in assets] or None,
            tags={**(range_tags(self.instance, classes) if classes else {}), **(tags or {})},
            partition_key=partition_key,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=raise_on_error,
        )
        return Run(self, result)

    def materialized(self, asset: str) -> set[str]:
        """Return the partitions that Dagster has on record as materialized."""
        return set(self.instance.get_materialized_partitions(AssetKey(asset)))

    def written(self, table: str, *classes: str) -> dict[str, int]:
        """Return the files that a table has for these classes, each with the time when it was written."""
        found = self.table(table)
        return {file.path: Path(found.root.path, file.path).stat().st_mtime_ns for file in found.files(classes)}


@dataclass(frozen=True)
class Run:
    """A run that has ended, and what it left on record."""

    project: Project
    result: ExecuteInProcessResult

    def metadata(self, asset: str) -> dict[str | None, dict[str, Any]]:
        """Return the values of the metadata of an asset, by partition."""
        return {
            event.partition: {name: entry.value for name, entry in event.metadata.items()}
            for event in self.result.asset_materializations_for_node(asset)
        }

    def tags(self, asset: str) -> dict[str | None, Mapping[str, str]]:
        """Return the tags of the materializations of an asset, by partition."""
        return {event.partition: event.tags or {} for event in self.result.asset_materializations_for_node(asset)}

    @property
    def failure(self) -> str:
        """Return what the failed step says: the description of its Failure, else its exception."""
        for event in self.result.all_events:
            if event.is_step_failure:
                data = event.step_failure_data
                if data.user_failure_data and data.user_failure_data.description:
                    return data.user_failure_data.description
                error = data.error
                return "" if error is None else (error.cause or error).message.strip()
        raise AssertionError("no step failed")
