"""The Dagster instance that the commands share with `dagster dev`, and whether it is there."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from image_assets.diagnosis.finding import Finding
from image_assets.errors import SettingsError

if TYPE_CHECKING:
    from dagster import DagsterInstance

HOME = "DAGSTER_HOME"
REMEDY = "run the command in the project's folder, or set DAGSTER_HOME to the absolute path of a folder"


@contextmanager
def open_instance() -> "Iterator[DagsterInstance]":
    """Open the instance of `DAGSTER_HOME`.

    Raises:
        SettingsError: if it is not set or its folder cannot be used.
    """
    from dagster import DagsterError, DagsterInstance

    home = _prepare_home()
    try:
        opened = DagsterInstance.get()
    except DagsterError as error:
        reason = str(error).strip().split("\n", maxsplit=1)[0]
        raise SettingsError(f"the Dagster instance at {home} cannot be opened ({reason}): {REMEDY}") from error
    with opened as instance:
        yield instance


def _prepare_home() -> str:
    home = os.environ.get(HOME)
    if not home:
        raise SettingsError(f"{HOME} is not set, so that there is no Dagster instance to keep records in: {REMEDY}")
    if not Path(home).is_absolute():
        raise SettingsError(f"{HOME}={home!r} is no absolute path: {REMEDY}")
    try:
        Path(home).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{HOME}={home!r} cannot be made ({error.strerror}): {REMEDY}") from error
    return home


def dagster_home() -> Finding:
    """Open the instance and count its registered classes."""
    from image_assets.automation.partitions import FRUIT_CLASS

    with open_instance() as instance:
        registered = len(instance.get_dynamic_partitions(FRUIT_CLASS))
    return Finding("Dagster", "ok", f"{os.environ[HOME]}, {registered:,} classes registered")


def report_classes(instance: "DagsterInstance", address: str, folders: Mapping[str, Sequence[str]]) -> list[str]:
    """Register the classes of a source, record that as a materialization of `fruit_classes`, and return the new ones.

    Without the record the UI would warn that the assets after `fruit_classes` stand on one that never ran.
    """
    from dagster import AssetMaterialization
    from dagster._core.definitions.data_version import DATA_VERSION_TAG

    from image_assets.assets.fruits.fruit_classes import describe_classes
    from image_assets.automation.partitions import register_classes

    new = register_classes(instance, list(folders))
    metadata, version = describe_classes(address, folders, new)
    instance.report_runless_asset_event(
        AssetMaterialization("fruit_classes", metadata=metadata, tags={DATA_VERSION_TAG: version.value})
    )
    return new
