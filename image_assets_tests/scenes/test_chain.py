"""The chain as Dagster runs it: tables, metadata, checks, and what happens when something fails."""

import base64
import io
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
import tifffile
from dagster import DagsterInstance
from PIL import Image
from scipy import ndimage

from image_assets.scenes.tile_tables import TileReader, stored_scene
from image_assets.scenes.verification import SceneVerification, stitched
from image_assets.tiles.codec import decode_pixels, encode_pixels
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import STRATEGY_NAMES
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.state import partition_states
from image_assets_tests.scenes.project import (
    BROKEN,
    GREY,
    SCENES,
    SIZES,
    SKY,
    STUDY,
    TILE,
    Run,
    SceneProject,
    pixels_of,
)

TABLES = ["source_tiles", "reconstructed_tiles", "tile_statistics", "scene_preview", "reconstructed_scene"]


def whole(project: SceneProject, table: str, scene: str) -> Pixels:
    opened = project.table(table)
    stored = stored_scene(opened, scene)
    return stitched(TileReader(opened.root, stored.addresses), stored)


@pytest.mark.parametrize("scene", SCENES)
def test_the_source_tiles_are_the_scene(scene: str, scene_chain: Run) -> None:
    found = whole(scene_chain.project, "source_tiles", scene)
    assert found.dtype == pixels_of(scene).dtype
    np.testing.assert_array_equal(found, pixels_of(scene))


@pytest.mark.parametrize("scene", SCENES)
def test_the_reconstructed_tiles_are_the_blurred_scene(scene: str, scene_chain: Run) -> None:
    expected = ndimage.gaussian_filter(pixels_of(scene), 2.0, axes=(0, 1))
    np.testing.assert_array_equal(whole(scene_chain.project, "reconstructed_tiles", scene), expected)


def test_keys_are_places_in_the_grid_and_border_tiles_are_smaller(scene_chain: Run) -> None:
    rows = scene_chain.project.table("source_tiles").read(["scene", "x", "y", "width", "height"], [SKY]).to_pylist()
    keys = {(row["x"], row["y"]): (row["width"], row["height"]) for row in rows}
    assert len(rows) == len(keys) == 4 * 3
    assert keys[0, 0] == (TILE, TILE)
    assert keys[3, 2] == (230 - 3 * TILE, 190 - 2 * TILE)
    assert {row["scene"] for row in rows} == {SKY}


def test_statistics_are_those_of_the_stored_tiles(scene_chain: Run) -> None:
    project = scene_chain.project
    tiles = {
        (row["x"], row["y"]): decode_pixels(row["pixels"])
        for row in project.table("reconstructed_tiles").read(["x", "y", "pixels"], [SKY]).to_pylist()
    }
    rows = project.table("tile_statistics").read(partitions=[SKY]).to_pylist()
    assert {(row["x"], row["y"]) for row in rows} == set(tiles)
    for row in rows:
        pixels = tiles[row["x"], row["y"]]
        assert row["mean"] == pytest.approx(pixels.mean())
        assert row["std"] == pytest.approx(pixels.std())
        assert (row["minimum"], row["maximum"]) == (pixels.min(), pixels.max())
        inside = pixels[row["brightest_row"] - row["y"] * TILE, row["brightest_column"] - row["x"] * TILE]
        assert inside.sum() == pixels.astype(int).sum(axis=2).max()
        assert row["reconstruction"] == "gaussian() n_size=1"


def test_the_file_of_a_scene_opens_elsewhere_with_its_levels(scene_chain: Run) -> None:
    project = scene_chain.project
    (row,) = project.table("reconstructed_scene").read(partitions=[SKY]).to_pylist()
    path = project.root / "warehouse" / row["path"]
    assert (row["width"], row["height"], row["channels"], row["dtype"]) == (230, 190, 3, "uint8")
    assert (row["levels"], row["bigtiff"], row["size_bytes"]) == (1, False, path.stat().st_size)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), whole(project, "reconstructed_tiles", SKY))
    (row,) = project.table("reconstructed_scene").read(["path"], [STUDY]).to_pylist()
    found = tifffile.imread(project.root / "warehouse" / row["path"])
    np.testing.assert_array_equal(found, whole(project, "reconstructed_tiles", STUDY))


def test_previews_show_the_scene_before_and_after(scene_chain: Run) -> None:
    rows = scene_chain.project.table("scene_preview").read(partitions=[SKY]).to_pylist()
    pictures = {row["of"]: np.asarray(Image.open(io.BytesIO(row["picture"]))) for row in rows}
    assert {name: picture.shape for name, picture in pictures.items()} == {
        "source_tiles": (190, 230, 3),
        "reconstructed_tiles": (190, 230, 3),
    }
    np.testing.assert_array_equal(pictures["source_tiles"], pixels_of(SKY))
    assert {(row["width"], row["height"], row["scale"]) for row in rows} == {(*SIZES[SKY], 1)}


def test_metadata_say_what_was_read_and_how_fast(scene_chain: Run) -> None:
    metadata = scene_chain.metadata("reconstructed_tiles")
    assert set(metadata) == set(SCENES)
    assert {scene: found["reads"] for scene, found in metadata.items()} == {SKY: 12, STUDY: 20, "grey.png": 6}
    assert {found["computed"] for found in metadata.values()} == {12, 20, 6}
    for scene, found in metadata.items():
        assert scene is not None
        assert found["reads_per_source_at_most"] == 1
        assert found["dagster/row_count"] == found["reads"]
        assert found["megapixels"] == pytest.approx(SIZES[scene][0] * SIZES[scene][1] / 1e6, abs=1e-3)
        assert found["configuration"]["strategy"] == "partial"
        assert found["megapixels_per_second"] >= 0
    shown = scene_chain.metadata("scene_preview")[SKY]["source_tiles_picture"]
    start = "data:image/jpeg;base64,"
    assert Image.open(io.BytesIO(base64.b64decode(shown[shown.index(start) + len(start) : -1]))).size == (230, 190)


def test_versions_that_were_read_are_recorded_and_are_no_configuration(scene_project: SceneProject) -> None:
    stages = ("source_tiles", "reconstructed_tiles", "tile_statistics", "scene_preview", "reconstructed_scene")
    first, again = (scene_project.run(*stages, scenes=[GREY], recompute=True) for _ in range(2))
    assert again.result.success, again.failure
    for stage in stages:
        before, after = first.metadata(stage)[GREY], again.metadata(stage)[GREY]
        assert after["configuration_digest"] == before["configuration_digest"]
        assert after["delta_version"] > before["delta_version"]
    assert again.metadata("scene_preview")[GREY]["configuration"] == {"longest_side": 1024}
    read = {name: again.metadata(name)[GREY]["delta_version"] for name in stages[:2]}
    assert again.metadata("reconstructed_tiles")[GREY]["source_tiles_version"] == read["source_tiles"]
    for stage in stages[2:]:
        assert again.metadata(stage)[GREY]["reconstructed_tiles_version"] == read["reconstructed_tiles"]
        commit = partition_states(scene_project.table(stage))[GREY].commit
        assert commit is not None
        assert commit.read["reconstructed_tiles"] == read["reconstructed_tiles"]


def test_the_log_tells_of_partitions(scene_chain: Run) -> None:
    logged = scene_chain.project.instance.all_logs(scene_chain.result.run_id)
    assert "3 partitions, 38 rows: 38 computed, 0 reused, 0 removed" in [entry.user_message for entry in logged]


def test_all_checks_pass(scene_chain: Run) -> None:
    assert scene_chain.checks() == {
        "tiles_cover_the_scene": True,
        "same_tiles_as_the_source": True,
        "borders_are_right": True,
        "strategies_agree": True,
        "equals_the_whole_picture": True,
        "every_tile_is_described": True,
    }


def test_scenes_are_registered_but_for_those_that_cannot_be_opened(scene_project: SceneProject) -> None:
    with DagsterInstance.ephemeral() as instance:
        fresh = SceneProject(scene_project.root, instance)
        run = fresh.run("scenes")
        assert run.result.success
        assert list(instance.get_dynamic_partitions("scene")) == sorted(SCENES)
    found = run.metadata("register_scenes")[None]
    assert (found["n_scenes"], found["n_new_scenes"], found["n_unreadable"]) == (3, 3, 1)
    assert [record.data["scene"] for record in found["unreadable"].records] == [BROKEN]


def test_a_scene_that_fails_keeps_what_the_tables_have(scene_project: SceneProject) -> None:
    before = whole(scene_project, "source_tiles", SKY)
    (scene_project.root / "source/deep/sky 1.tif").write_bytes(b"II*\0 cut short")
    run = scene_project.run("source_tiles", scenes=[SKY, STUDY], scenes_tile_size=100)
    assert not run.result.success
    assert f"- {SKY}: " in run.failure
    assert "1 of 2 partitions failed; the others are committed" in run.failure
    np.testing.assert_array_equal(whole(scene_project, "source_tiles", SKY), before)
    assert stored_scene(scene_project.table("source_tiles"), STUDY).grid.tile_size == 100


def test_a_new_file_of_a_scene_takes_the_place_of_the_old_one(scene_project: SceneProject) -> None:
    folder = scene_project.root / "warehouse/_scenes" / SKY
    (old,) = folder.iterdir()
    run = scene_project.run("reconstructed_tiles", "reconstructed_scene", scenes=[SKY], scenes_reconstruction="median")
    assert run.result.success, run.failure
    (new,) = folder.iterdir()
    assert new != old
    np.testing.assert_array_equal(tifffile.imread(new), ndimage.median_filter(pixels_of(SKY), size=(3, 3, 1)))


def test_a_scene_that_has_not_changed_is_not_computed_again(scene_project: SceneProject) -> None:
    def stages(run: Run) -> dict[str, tuple[int, int]]:
        assert run.result.success, run.failure
        found = {table: run.metadata(table)[GREY] for table in TABLES}
        return {table: (values["computed"], values["reused"]) for table, values in found.items()}

    tiles = 6
    rows = {"source_tiles": tiles, "reconstructed_tiles": tiles, "tile_statistics": tiles, "scene_preview": 2}
    everything = {**rows, "reconstructed_scene": 1}
    first = scene_project.run(job_name="scenes", scenes=[GREY])
    assert stages(first) == {table: (count, 0) for table, count in everything.items()}
    versions = {table: scene_project.table(table).version() for table in TABLES}
    again = scene_project.run(job_name="scenes", scenes=[GREY], scenes_strategy="naive")
    assert stages(again) == {table: (0, count) for table, count in everything.items()}
    assert {table: scene_project.table(table).version() for table in TABLES} == versions
    (file,) = (scene_project.root / "warehouse/_scenes" / GREY).iterdir()
    file.unlink()
    other = scene_project.run(job_name="scenes", scenes=[GREY], scenes_preview_size=50)
    assert stages(other) == {
        **{table: (0, count) for table, count in everything.items()},
        "scene_preview": (2, 0),
        "reconstructed_scene": (1, 0),
    }
    (scene_project.root / "source" / GREY).touch()
    touched = scene_project.run("source_tiles", "reconstructed_tiles", scenes=[GREY])
    assert {touched.metadata(table)[GREY]["computed"] for table in TABLES[:2]} == {tiles}


def replace_tiles(project: SceneProject, change: Callable[[pa.Table], pa.Table]) -> None:
    """Commit other rows of a scene in place of its reconstructed tiles."""
    tiles = project.table("reconstructed_tiles")
    rows = change(tiles.read(partitions=[SKY])).cast(tiles.schema)
    files = write_batches(tiles.root, tiles.schema, tiles.partition_column, rows.to_batches(), tiles.write_options)
    tiles.commit(files, [SKY])


def test_verification_sees_a_pixel_that_is_wrong(scene_project: SceneProject) -> None:
    def change(rows: pa.Table) -> pa.Table:
        found = rows.to_pylist()
        corner = next(row for row in found if (row["x"], row["y"]) == (3, 2))
        pixels = decode_pixels(corner["pixels"]).copy()
        pixels[-1, -1, 0] ^= 1
        corner["pixels"] = encode_pixels(pixels)
        return pa.Table.from_pylist(found, schema=rows.schema)

    verification = SceneVerification(scene_project.warehouse, SKY)
    assert verification.wrong_borders() == []
    assert verification.disagreements() == []
    assert verification.wrong_in_whole() == []
    replace_tiles(scene_project, change)
    verification = SceneVerification(scene_project.warehouse, SKY)
    corner = verification.result.grid.tile(3, 2)
    assert verification.wrong_borders() == verification.wrong_in_whole() == [corner]
    assert verification.disagreements() == [(name, corner) for name in STRATEGY_NAMES]
    assert verification.wrong_in_whole(limit_bytes=1000) is None


@pytest.mark.parametrize(("start", "problem"), [(1, "1 are missing"), (0, "1 are double")])
def test_a_missing_or_double_tile_stops_what_comes_after(start: int, problem: str, scene_project: SceneProject) -> None:
    def change(rows: pa.Table) -> pa.Table:
        return rows.slice(1) if start else pa.concat_tables([rows, rows.slice(0, 1)])

    replace_tiles(scene_project, change)
    run = scene_project.run("tile_statistics", scenes=[SKY])
    assert not run.result.success
    assert "do not cover it exactly once" in run.failure
    assert problem in run.failure


def test_parameters_are_settings(scene_project: SceneProject) -> None:
    run = scene_project.run("reconstructed_tiles", scenes=[SKY], scenes_parameters={"sigma": 3})
    assert run.result.success, run.failure
    assert run.metadata("reconstructed_tiles")[SKY]["configuration"]["parameters"] == {"sigma": 3}
    assert all(run.checks().values())
    expected = ndimage.gaussian_filter(pixels_of(SKY), 3, axes=(0, 1))
    np.testing.assert_array_equal(whole(scene_project, "reconstructed_tiles", SKY), expected)


def test_a_reconstruction_that_looks_too_far_fails_with_the_remedy(scene_project: SceneProject) -> None:
    run = scene_project.run("reconstructed_tiles", scenes=[SKY], scenes_parameters={"sigma": 30})
    assert not run.result.success
    assert "set IMAGE_ASSETS_SCENES_RADIUS (n_size) to 2" in run.failure
