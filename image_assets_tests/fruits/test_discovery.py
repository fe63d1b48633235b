import os
from pathlib import Path

import pytest

from image_assets.errors import SourceError
from image_assets.fruits.discovery import Look, Memory, look
from image_assets.vision.sources import open_source

START = 1_800_000_000.0
"""Long after the files of a test, so that they have been at rest; times of files are set by the tests."""


class Watched:
    """A folder of classes that is looked at once an hour."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = START
        self.memory = Memory(str(root))

    def write(self, name: str, content: str = "x", at: float = START - 1000) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        self.touch(path, at)
        return path

    def touch(self, path: Path, at: float) -> None:
        for item in (path, *path.parents):
            if item.is_relative_to(self.root) and item.exists():
                os.utime(item, (at, at))

    def look(self, *, later: float = 60, full: bool = False, ask: bool = True) -> Look:
        self.now += later
        found = look(
            open_source(self.root),
            self.memory,
            self.now,
            settle_seconds=30,
            full_every_seconds=0 if full else 10**12,
        )
        memory = found.done() if ask else found.memory
        self.memory = Memory.from_json(memory.to_json(), str(self.root))
        return found


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    made = Watched(tmp_path)
    for name in ("Training/Fig/1.jpg", "Training/Fig/2.jpg", "Test/Fig/3.jpg", "Training/Kiwi 1/1.jpg"):
        made.write(name)
    return made


def test_the_first_look_finds_every_class_and_the_second_nothing(watched: Watched) -> None:
    first = watched.look()
    assert (first.ready, first.classes) == ({"Fig": 3, "Kiwi_1": 1}, ("Fig", "Kiwi_1"))
    second = watched.look()
    assert (second.ready, second.settling, second.vanished, second.listed) == ({}, (), (), 0)


@pytest.mark.parametrize("change", ["new", "gone", "renamed"])
def test_a_changed_folder_is_listed_alone(watched: Watched, change: str) -> None:
    watched.look()
    folder = watched.root / "Training/Fig"
    if change == "new":
        (folder / "9.jpg").write_text("y")
    elif change == "gone":
        (folder / "2.jpg").unlink()
    else:
        (folder / "2.jpg").rename(folder / "22.jpg")
    os.utime(folder, (START + 10, START + 10))
    found = watched.look()
    assert (set(found.ready), found.listed) == ({"Fig"}, 1)
    assert not watched.look().ready


def test_an_overwritten_picture_is_found_by_a_full_listing(watched: Watched) -> None:
    watched.look()
    path = watched.root / "Training/Fig/1.jpg"
    path.write_text("another")
    os.utime(path, (START + 10, START + 10))
    assert not watched.look().ready
    assert watched.look(full=True).ready == {"Fig": 3}


def test_a_class_that_is_being_copied_waits_until_it_rests(watched: Watched) -> None:
    watched.look()
    watched.write("Training/Plum/1.jpg", at=START + 110)
    copying = watched.look()
    assert (copying.ready, copying.settling) == ({}, ("Plum",))
    watched.write("Training/Plum/2.jpg", at=START + 130)
    assert watched.look(later=20).settling == ("Plum",)
    assert watched.look(later=30).ready == {"Plum": 2}
    assert not watched.look().ready


def test_times_in_the_future_do_not_keep_a_class_waiting_for_ever(watched: Watched) -> None:
    watched.write("Training/Plum/1.jpg", at=START + 10**6)
    assert watched.look().settling == ("Plum",)
    assert watched.look().ready == {"Plum": 1}


def test_a_vanished_class_is_told_once_and_found_again(watched: Watched) -> None:
    watched.look()
    (watched.root / "Training/Kiwi 1/1.jpg").unlink()
    watched.touch(watched.root / "Training/Kiwi 1", START + 10)
    assert watched.look().vanished == ("Kiwi_1",)
    assert watched.look().vanished == ()
    watched.write("Training/Kiwi 1/1.jpg", at=START + 70)
    assert watched.look().ready == {"Kiwi_1": 1}


def test_what_nobody_ran_is_still_ready_at_the_next_look(watched: Watched) -> None:
    assert set(watched.look(ask=False).ready) == {"Fig", "Kiwi_1"}
    assert set(watched.look().ready) == {"Fig", "Kiwi_1"}


def test_another_source_is_looked_at_anew(watched: Watched) -> None:
    watched.look()
    assert Memory.from_json(watched.memory.to_json(), "elsewhere") == Memory("elsewhere")
    assert Memory.from_json(None, "here") == Memory("here")


def test_a_source_that_is_gone_is_an_error_and_no_vanished_class(watched: Watched, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no folder"):
        look(open_source(tmp_path / "no"), watched.memory, START, settle_seconds=0, full_every_seconds=0)
