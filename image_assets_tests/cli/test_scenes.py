"""`image-assets scenes`, as a process of its own, and its chain run."""

import json
from pathlib import Path

import pytest
from PIL import Image

from image_assets_tests.cli.process import Workspace, error_of
from image_assets_tests.scenes.project import BROKEN, GREY, SKY, write_scenes

HOME = "telemetry:\n  enabled: false\n"


@pytest.fixture
def gallery(tmp_path: Path) -> Workspace:
    """A folder with scenes and an instance that knows none of them."""
    write_scenes(tmp_path / "scenes")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/dagster.yaml").write_text(HOME)
    return Workspace(tmp_path, {"IMAGE_ASSETS_SCENES": str(tmp_path / "scenes")})


def test_scenes_are_listed_and_registered(gallery: Workspace) -> None:
    listed = gallery.image_assets("scenes", "--register", "--json")
    assert listed.returncode == 0, listed.stderr
    rows = {row["scene"]: row for row in json.loads(listed.stdout)}
    assert rows[SKY] == {"scene": SKY, "state": "new", "width": 230, "height": 190, "channels": 3, "dtype": "uint8"}
    assert rows[GREY]["state"] == "new"
    assert rows[BROKEN]["state"].startswith("cannot be opened: ")
    again = gallery.image_assets("scenes", "--json")
    assert {row["scene"]: row["state"].split(":")[0] for row in json.loads(again.stdout)} == {
        SKY: "registered",
        GREY: "registered",
        BROKEN: "cannot be opened",
    }


def test_the_limit_of_what_is_decoded_is_the_setting(gallery: Workspace) -> None:
    Image.new("L", (1500, 1000)).save(gallery.folder / "scenes/large.jpg")
    listed = gallery.image_assets("scenes", "--json", IMAGE_ASSETS_SCENES_DECODE_MIB="1")
    state = {row["scene"]: row["state"] for row in json.loads(listed.stdout)}["large.jpg"]
    assert state.startswith("cannot be opened: ")
    assert state.endswith("set IMAGE_ASSETS_SCENES_DECODE_MIB to 2 or more")


def test_a_folder_that_is_not_there_is_an_error_with_the_remedy(gallery: Workspace) -> None:
    failed = gallery.image_assets("scenes", IMAGE_ASSETS_SCENES="nowhere")
    assert failed.returncode == 1
    assert "set IMAGE_ASSETS_SCENES to a folder" in error_of(failed)


def test_the_chain_of_scenes_runs_and_says_what_came_of_it(gallery: Workspace) -> None:
    (gallery.folder / "scenes" / BROKEN).unlink()
    done = gallery.image_assets("run", "--chain", "scenes", GREY, "--json", IMAGE_ASSETS_SCENES_TILE_SIZE="64")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["scenes"]
    assert {key: row[key] for key in ("scene", "width", "height", "tiles", "reconstruction")} == {
        "scene": GREY,
        "width": 130,
        "height": 100,
        "tiles": 6,
        "reconstruction": "gaussian() n_size=1",
    }
    assert (gallery.warehouse / row["path"]).is_file()

    again = {"IMAGE_ASSETS_SCENES_TILE_SIZE": "64"}
    told = gallery.image_assets("status", "--chain", "scenes", "--json", **again)
    states = {item["scene"]: (item["state"], item["tiles"]) for item in json.loads(told.stdout)["scenes"]}
    assert states == {GREY: ("fresh", 6), SKY: ("never run", 0)}
    drawn = gallery.image_assets("status", "--chain", "scenes", **again)
    assert f"Bring them up to date with: image-assets run --chain scenes {SKY}" in drawn.stdout
    shown = gallery.image_assets("show", GREY)
    assert shown.stdout == f"source_tiles and reconstructed_tiles of {GREY}: {gallery.folder / GREY}.png\n"
    with Image.open(gallery.folder / f"{GREY}.png") as picture:
        assert picture.size == (3 * 16 + 2 * 130, 100 + 2 * 16)
    assert error_of(gallery.image_assets("show", SKY)).endswith("has no scene 'deep--sky_1.tif': there are grey.png")
    (gallery.folder / "scenes" / BROKEN).write_bytes(b"II*\0 cut short")
    failed = json.loads(gallery.image_assets("failures", "--json").stdout)
    assert [(row["partition"], row["table"]) for row in failed] == [(BROKEN, "scenes")]


def test_an_unknown_scene_is_named(gallery: Workspace) -> None:
    failed = gallery.image_assets("run", "--chain", "scenes", "gray.png")
    assert failed.returncode == 1
    assert "gray.png" in error_of(failed)
    assert GREY in error_of(failed)
