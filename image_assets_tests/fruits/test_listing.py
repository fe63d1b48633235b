import os
import shutil

from image_assets.fruits.listing import ClassChanges, compare_listing
from image_assets.vision.sources import open_source
from image_assets_tests.assets.project import CLASSES, ROWS, Project, Run


def changes(project: Project, *classes: str) -> dict[str, ClassChanges]:
    found = compare_listing(open_source(project.source), project.table("raw_images"), classes or None)
    return {item.fruit_class: item for item in found}


def test_nothing_has_changed_after_a_run(chain: Run) -> None:
    found = changes(chain.project)
    assert list(found) == CLASSES
    assert {name: (item.listed, item.known) for name, item in found.items()} == {n: (c, c) for n, c in ROWS.items()}
    assert [str(item) for item in found.values()] == ["", "", ""]


def test_new_changed_and_vanished_pictures_are_found(project: Project) -> None:
    cherries = project.source / "Training/Cherry"
    shutil.copy2(cherries / "0_100.jpg", cherries / "new one.jpg")
    os.utime(cherries / "1_100.jpg", ns=(0, 1_700_000_000_123_456_000))
    with (cherries / "2_100.jpg").open("ab") as file:
        status = (cherries / "2_100.jpg").stat()
        file.write(b"more")
    os.utime(cherries / "2_100.jpg", ns=(status.st_atime_ns, status.st_mtime_ns))  # its size alone has changed
    (cherries / "3_100.jpg").unlink()
    found = changes(project, "Cherry", "Apple_Red_1")
    assert str(found["Apple_Red_1"]) == ""
    cherry = found["Cherry"]
    assert cherry.new == ["Training/Cherry/new one.jpg"]
    assert cherry.changed == ["Training/Cherry/1_100.jpg", "Training/Cherry/2_100.jpg"]
    assert cherry.vanished == ["Training/Cherry/3_100.jpg"]
    assert str(cherry) == "1 new, 2 changed, 1 vanished"


def test_new_and_vanished_classes_are_found(project: Project) -> None:
    for side in ("Training", "Test"):
        shutil.rmtree(project.source / side / "Apple Red 2")
    shutil.copytree(project.source / "Test/Cherry", project.source / "Test/Sour Cherry")
    found = changes(project)
    gone, new = found["Apple_Red_2"], found["Sour_Cherry"]
    assert (gone.in_source, gone.known, gone.listed) == (False, ROWS["Apple_Red_2"], 0)
    assert (new.in_source, new.known, len(new.new)) == (True, 0, 2)


def test_a_source_that_was_never_read_is_new_altogether(chain: Run) -> None:
    empty = Project(chain.project.root / "nothing", chain.project.instance).table("raw_images")
    found = {item.fruit_class: item for item in compare_listing(open_source(chain.project.source), empty)}
    assert {name: len(item.new) for name, item in found.items()} == ROWS
