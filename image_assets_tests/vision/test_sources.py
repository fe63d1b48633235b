import os
from pathlib import Path

import pytest

from image_assets.errors import SourceError
from image_assets.vision.sources import ImageFile, LocalSource, open_source


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * len(name))


def test_classes_are_folders_that_directly_hold_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "Training/Apple/Apple 10/a.jpg", "Training/Kiwi/b.PNG", "Test/Apple 10/c.jpg", "notes/read.me")
    assert open_source(tmp_path).class_folders() == {
        "Apple_10": ["Test/Apple 10", "Training/Apple/Apple 10"],
        "Kiwi": ["Training/Kiwi"],
    }


def test_pictures_at_the_root_are_of_a_class_named_like_it(tmp_path: Path) -> None:
    touch(tmp_path / "my fruits", "a.jpg")
    assert open_source(tmp_path / "my fruits").class_folders() == {"my_fruits": [""]}


def test_files_are_the_pictures_of_one_folder_with_size_and_time(tmp_path: Path) -> None:
    touch(tmp_path, "Kiwi/b.jpg", "Kiwi/a.webp", "Kiwi/.hidden.jpg", "Kiwi/x.txt", "Kiwi/deeper/c.jpg")
    os.utime(tmp_path / "Kiwi/b.jpg", ns=(0, 1_500_000_000))
    files = list(open_source(tmp_path).files("Kiwi"))
    assert [file.path for file in files] == ["Kiwi/a.webp", "Kiwi/b.jpg"]
    assert files[1] == ImageFile("Kiwi/b.jpg", 10, 1_500_000)


def test_a_link_out_of_the_source_is_listed_and_refused(tmp_path: Path) -> None:
    touch(tmp_path, "secret.jpg", "source/Kiwi/a.jpg")
    (tmp_path / "source/Kiwi/link.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "source/Kiwi/inside.jpg").symlink_to("a.jpg")
    source = open_source(tmp_path / "source")
    assert [file.path for file in source.files("Kiwi")] == ["Kiwi/a.jpg", "Kiwi/inside.jpg", "Kiwi/link.jpg"]
    assert source.read("Kiwi/inside.jpg") == source.read("Kiwi/a.jpg")
    with pytest.raises(PermissionError, match="leads out of the source"):
        source.read("Kiwi/link.jpg")


def test_links_between_folders_in_a_circle_end(tmp_path: Path) -> None:
    touch(tmp_path, "Kiwi/a.jpg")
    (tmp_path / "Kiwi/loop").symlink_to(tmp_path, target_is_directory=True)
    assert open_source(tmp_path).class_folders() == {"Kiwi": ["Kiwi"]}


def test_a_broken_link_is_listed_and_says_so_when_read(tmp_path: Path) -> None:
    touch(tmp_path, "Kiwi/a.jpg")
    (tmp_path / "Kiwi/gone.jpg").symlink_to("nowhere.jpg")
    source = open_source(tmp_path)
    assert [file.path for file in source.files("Kiwi")] == ["Kiwi/a.jpg", "Kiwi/gone.jpg"]
    with pytest.raises(FileNotFoundError):
        source.read("Kiwi/gone.jpg")


def test_links_of_files_in_a_circle_hide_no_other(tmp_path: Path) -> None:
    touch(tmp_path, "Kiwi/a.jpg")
    (tmp_path / "Kiwi/itself.jpg").symlink_to("itself.jpg")
    source = open_source(tmp_path)
    assert [file.path for file in source.files("Kiwi")] == ["Kiwi/a.jpg", "Kiwi/itself.jpg"]
    with pytest.raises(OSError, match="no regular file"):
        source.read("Kiwi/itself.jpg")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    touch(tmp_path, "Kiwi/a.jpg")
    os.mkfifo(tmp_path / "Kiwi/pipe.jpg")
    with pytest.raises(FileNotFoundError, match="no regular file"):
        LocalSource(str(tmp_path)).read("Kiwi/pipe.jpg")


def test_a_missing_source_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere' is no folder: set IMAGE_ASSETS_SOURCE"):
        open_source(tmp_path / "nowhere").class_folders()


def test_a_folder_that_cannot_be_listed_is_named_and_hides_no_class(tmp_path: Path) -> None:
    touch(tmp_path, "Kiwi/a.jpg")
    # A path that is too long for the system: it refuses everybody, also root.
    inside = os.open(tmp_path, os.O_RDONLY)
    for _ in range(os.pathconf(tmp_path, "PC_PATH_MAX") // 200 + 1):
        os.mkdir("x" * 200, dir_fd=inside)
        below = os.open("x" * 200, os.O_RDONLY, dir_fd=inside)
        os.close(inside)
        inside = below
    os.close(inside)
    with pytest.raises(SourceError, match=r"cannot be listed \(File name too long\): let this user read it, or move"):
        open_source(tmp_path).class_folders()


def test_folders_of_the_file_system_are_no_classes(tmp_path: Path) -> None:
    touch(tmp_path, "Kiwi/a.jpg", "lost+found/b.jpg", ".git/c.jpg")
    source = LocalSource(str(tmp_path))
    assert source.class_folders() == {"Kiwi": ["Kiwi"]}
    assert [folder for page in source.look_into("") for folder in page.folders] == ["Kiwi"]


def test_other_schemes_are_refused() -> None:
    with pytest.raises(SourceError, match="'ftp://x' is not supported"):
        open_source("ftp://x")
