import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance

from image_assets.automation.partitions import FRUIT_CLASS
from image_assets_tests.assets.project import Project


@pytest.fixture
def empty_project(tmp_path: Path) -> Iterator[Project]:
    """Folders with a file each, and an instance that knows no class."""
    for name in ("Training/Kiwi", "Training/Cherry 2", "Training/Stone/Cherry 1", "Test/Cherry 1"):
        folder = tmp_path / "source" / name
        folder.mkdir(parents=True)
        (folder / "0.jpg").write_bytes(b"not opened")
    with DagsterInstance.ephemeral() as instance:
        yield Project(tmp_path, instance)


def registered(project: Project) -> list[str]:
    return list(project.instance.get_dynamic_partitions(FRUIT_CLASS))


def test_the_classes_of_the_source_are_registered_sorted(empty_project: Project) -> None:
    found = empty_project.run("fruit_classes").metadata("fruit_classes")[None]
    assert registered(empty_project) == ["Cherry_1", "Cherry_2", "Kiwi"]
    assert (found["n_classes"], found["n_new_classes"]) == (3, 3)
    assert found["source"] == str(empty_project.source)
    assert [record.data for record in found["classes"].records] == [
        {"fruit_class": "Cherry_1", "folders": "Test/Cherry 1, Training/Stone/Cherry 1"},
        {"fruit_class": "Cherry_2", "folders": "Training/Cherry 2"},
        {"fruit_class": "Kiwi", "folders": "Training/Kiwi"},
    ]


def test_registering_again_changes_nothing(empty_project: Project) -> None:
    empty_project.run("fruit_classes")
    again = empty_project.run("fruit_classes").metadata("fruit_classes")[None]
    assert (again["n_classes"], again["n_new_classes"]) == (3, 0)
    assert registered(empty_project) == ["Cherry_1", "Cherry_2", "Kiwi"]


def test_a_class_that_vanished_stays_registered_and_a_new_one_joins(empty_project: Project) -> None:
    empty_project.run("fruit_classes")
    shutil.rmtree(empty_project.source / "Training/Kiwi")
    (empty_project.source / "Banana").mkdir()
    (empty_project.source / "Banana/0.png").touch()
    found = empty_project.run("fruit_classes").metadata("fruit_classes")[None]
    assert (found["n_classes"], found["n_new_classes"]) == (3, 1)
    assert registered(empty_project) == ["Cherry_1", "Cherry_2", "Kiwi", "Banana"]


def test_the_data_version_changes_with_the_classes_and_only_then(empty_project: Project) -> None:
    def data_version() -> str:
        return empty_project.run("fruit_classes").tags("fruit_classes")[None]["dagster/data_version"]

    first = data_version()
    assert data_version() == first
    (empty_project.source / "Banana").mkdir()
    (empty_project.source / "Banana/0.png").touch()
    assert data_version() != first


def test_a_source_without_pictures_says_what_it_should_hold(empty_project: Project) -> None:
    shutil.rmtree(empty_project.source)
    (empty_project.source / "notes").mkdir(parents=True)
    run = empty_project.run("fruit_classes")
    assert not run.result.success
    assert f"the source {empty_project.source} holds no folder with pictures: set IMAGE_ASSETS_SOURCE" in run.failure


def test_a_missing_source_is_named(empty_project: Project) -> None:
    shutil.rmtree(empty_project.source)
    run = empty_project.run("fruit_classes")
    assert f"the source '{empty_project.source}' is no folder: set IMAGE_ASSETS_SOURCE to a folder" in run.failure
