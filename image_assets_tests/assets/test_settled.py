import shutil

import pytest
from dagster import DagsterExecutionInterruptedError, DagsterInstance, Failure, asset, materialize

from image_assets.assets import materialization
from image_assets.assets.settled import STOPPED, no_vain_retries, retry_policy
from image_assets.errors import S3UnavailableError, SettingsError
from image_assets_tests.assets.project import CLASSES, Project


def test_an_asset_that_is_stopped_is_not_tried_again() -> None:
    attempts: list[int] = []

    @asset(retry_policy=retry_policy())
    @no_vain_retries
    def stopped() -> None:
        attempts.append(1)
        raise DagsterExecutionInterruptedError("stopped at the command line")

    with DagsterInstance.ephemeral() as instance:
        result = materialize([stopped], instance=instance, raise_on_error=False)
    assert not result.success
    assert len(attempts) == 1
    assert STOPPED in str(result.failure_data_for_node("stopped"))


def test_only_errors_of_machines_and_networks_reach_the_policy() -> None:
    @no_vain_retries
    def fails(error: Exception) -> None:
        raise error

    with pytest.raises(S3UnavailableError, match="is away"):
        fails(S3UnavailableError("is away"))
    with pytest.raises(Failure, match="no such class") as caught:
        fails(SettingsError("no such class"))
    assert caught.value.allow_retries is False


def test_a_stop_while_a_class_is_described_leaves_every_commit_on_record(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise DagsterExecutionInterruptedError("stopped in the UI")

    shutil.rmtree(project.table("raw_images").root.path)
    monkeypatch.setattr(materialization, "speed_metadata", stopped)
    run = project.run("raw_images", classes=CLASSES)
    assert not run.result.success
    committed = {name for name, found in project.table("raw_images").counts().items() if found.rows}
    assert committed
    assert project.materialized("raw_images") == committed
