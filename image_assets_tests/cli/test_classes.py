import json
import shutil
import subprocess

from image_assets_tests.cli.process import Workspace, error_of


def states(done: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    return {row["fruit_class"]: row["state"] for row in json.loads(done.stdout)}


def test_classes_are_listed_registered_and_remembered(bare: Workspace) -> None:
    listed = bare.image_assets("classes")
    assert listed.returncode == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in listed.stdout.splitlines() if "│" in line]
    assert rows == [
        ["Cherry_1", "not registered", "Training/Cherry 1"],
        ["Kiwi", "not registered", "Test/Kiwi, Training/Kiwi"],
    ]
    assert "image-assets classes --register" in listed.stdout

    registered = bare.image_assets("classes", "--register", "--json")
    assert states(registered) == {"Cherry_1": "new", "Kiwi": "new"}
    assert json.loads(registered.stdout)[1]["folders"] == ["Test/Kiwi", "Training/Kiwi"]

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
