from pathlib import Path

import pytest

from image_assets.errors import SettingsError, SourceError
from image_assets.scenes.catalogue import SceneCatalogue, scene_key
from image_assets_tests.scenes.project import BROKEN, GREY, SKY, STUDY, write_scenes
from image_assets_tests.shared import REPOSITORY


def test_scenes_are_files_at_any_depth_and_generated_names(tmp_path: Path) -> None:
    write_scenes(tmp_path)
    entries = SceneCatalogue(f"{tmp_path}, {STUDY}").entries()
    assert list(entries) == sorted([SKY, STUDY, GREY, BROKEN])
    assert entries[SKY].address == str(tmp_path / "deep/sky 1.tif")
    assert entries[SKY].grid(64).columns == 4


def test_scenes_that_cannot_be_opened_have_a_reason(tmp_path: Path) -> None:
    write_scenes(tmp_path)
    known, reasons = SceneCatalogue(str(tmp_path)).describe_all()
    assert {key: (info.width, info.height, info.channels) for key, info in known.items()} == {
        SKY: (230, 190, 3),
        GREY: (130, 100, 1),
    }
    assert list(reasons) == [BROKEN]
    assert "broken.tif cannot be read as a TIFF" in reasons[BROKEN]


def test_a_folder_that_is_not_there_is_named_with_the_remedy() -> None:
    with pytest.raises(SourceError, match=r"'nowhere' cannot be listed .*set IMAGE_ASSETS_SCENES"):
        SceneCatalogue("nowhere").entries()


def test_two_files_of_one_key_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.png").touch()
    (tmp_path / "a--b.png").touch()
    with pytest.raises(SettingsError, match=r"would both be the scene 'a--b\.png': rename one"):
        SceneCatalogue(str(tmp_path)).entries()


def test_scenes_are_looked_up_in_one_listing(tmp_path: Path) -> None:
    write_scenes(tmp_path)
    entry_of = SceneCatalogue(str(tmp_path)).lookup()
    (tmp_path / GREY).rename(tmp_path / "other.png")
    assert entry_of(GREY).address == str(tmp_path / GREY)
    assert entry_of(SKY).describe().width == 230


def test_a_vanished_scene_keeps_its_data(tmp_path: Path) -> None:
    entry_of = SceneCatalogue(str(tmp_path)).lookup()
    with pytest.raises(SourceError, match=r"holds no scene 'gone\.tif' any more; what the warehouse has of it is kept"):
        entry_of("gone.tif")


@pytest.mark.parametrize(("path", "key"), [("a/b c.tif", "a--b_c.tif"), ("x.png", "x.png")])
def test_keys_are_paths_in_one_piece(path: str, key: str) -> None:
    assert scene_key(path) == key


def test_a_name_that_cannot_be_a_key_is_refused() -> None:
    with pytest.raises(SourceError, match="cannot be a scene because its name contains ','"):
        scene_key("a,b.tif")


def test_the_sample_scene_is_there() -> None:
    known, reasons = SceneCatalogue(str(REPOSITORY / "data/scenes")).describe_all()
    assert reasons == {}
    assert {key: (info.width, info.height, info.channels) for key, info in known.items()} == {
        "fruit_table.tif": (1900, 1400, 3)
    }
