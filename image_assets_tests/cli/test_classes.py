import json
import shutil
import subprocess

from dagster import AssetKey, DagsterInstance

from image_assets_tests.assets.project import ROWS
from image_assets_tests.cli.process import Workspace, error_of


def states(done: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    return {row["fruit_class"]: row["state"] for row in json.loads(done.stdout)}


def test_classes_are_listed_registered_and_remembered(bare: Workspace) -> None:
    listed = bare.image_assets("classes")
    assert listed.returncode == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in listed.stdout.splitlines() if "│" in line]
    assert rows == [
        ["Cherry_1", "not registered", "1", "never run", "Training/Cherry 1"],
        ["Kiwi", "not registered", "2", "never run", "Test/Kiwi, Training/Kiwi"],
    ]
    assert "image-assets classes --register" in listed.stdout

    registered = bare.image_assets("classes", "--register", "--json")
    assert states(registered) == {"Cherry_1": "new", "Kiwi": "new"}
    assert json.loads(registered.stdout)[1] == {
        "fruit_class": "Kiwi",
        "state": "new",
        "folders": ["Test/Kiwi", "Training/Kiwi"],
        "pictures": 2,
        "known": 0,
        "new": 2,
        "changed": 0,
        "vanished": 0,
    }
    with DagsterInstance.from_config(str(bare.folder / "home")) as instance:
        event = instance.get_latest_materialization_event(AssetKey("fruit_classes"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert (metadata["n_classes"].value, metadata["n_new_classes"].value) == (2, 2)
    assert event.asset_materialization.tags
    assert event.asset_materialization.tags["dagster/data_version"]

    shutil.rmtree(bare.folder / "source/Training/Cherry 1")
    (bare.folder / "source/Apple").mkdir()
    (bare.folder / "source/Apple/0.jpg").touch()
    assert states(bare.image_assets("classes", "--json")) == {
        "Apple": "not registered",
        "Cherry_1": "vanished from the source",
        "Kiwi": "registered",
    }


def test_a_folder_that_cannot_name_a_class_is_refused(bare: Workspace) -> None:
    (bare.folder / "source/a...b").mkdir()
    (bare.folder / "source/a...b/0.jpg").touch()
    done = bare.image_assets("classes", "--register")
    assert done.returncode == 1
    assert error_of(done).startswith("error: The folder 'a...b' cannot name a class because it contains '...'")


def test_pictures_that_changed_are_listed(stored: Workspace) -> None:
    done = stored.image_assets("classes", "Cherry", "Apple Red 1", "--json")
    assert states(done) == {"Apple_Red_1": "not registered", "Cherry": "not registered"}
    assert [(row["known"], row["new"], row["changed"]) for row in json.loads(done.stdout)] == [(12, 0, 0), (7, 0, 0)]
    listed = stored.image_assets("classes", "--pictures", IMAGE_ASSETS_WAREHOUSE=str(stored.folder / "nothing"))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in listed.stdout.splitlines() if "│" in line]
    assert ["Cherry", "new", "Training/Cherry/0_100.jpg"] in rows
    assert len(rows) == sum(ROWS.values())
