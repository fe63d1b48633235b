"""The whole real photograph, 7,026 x 9,221 in colours, through the chain; about two minutes."""

import io
import os
from collections.abc import Iterator

import numpy as np
import pytest
from dagster import DagsterInstance
from PIL import Image, ImageFilter
from pyspark.sql import SparkSession
from scipy import ndimage

from image_assets.scenes.tile_tables import TileReader, stored_scene
from image_assets.tiles.scene import Pixels
from image_assets_tests.scenes.project import SceneProject
from image_assets_tests.shared import shared_path

pytestmark = pytest.mark.skipif(
    not os.environ.get("IMAGE_ASSETS_SLOW_TESTS"), reason="set IMAGE_ASSETS_SLOW_TESTS to run all 64.8 megapixels"
)
KEY = "highsmith_7026x9221.jpg"


@pytest.fixture(scope="module")
def picture() -> Pixels:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        return np.asarray(Image.open(shared_path("data", "scenes", KEY)))


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SceneProject]:
    root = tmp_path_factory.mktemp("photograph")
    (root / "source").mkdir()
    (root / "source" / KEY).symlink_to(shared_path("data", "scenes", KEY).resolve())
    with DagsterInstance.ephemeral() as instance:
        found = SceneProject(root, instance)
        found.register(KEY)
        run = found.run("source_tiles", scenes=[KEY], scenes_tile_size=2000)
        assert run.result.success, run.failure
        yield found


def expected(name: str, picture: Pixels) -> Pixels:
    if name == "gaussian":
        return np.asarray(ndimage.gaussian_filter(picture, 2.0, axes=(0, 1)))
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.UnsharpMask(2, 150, 3)))


@pytest.mark.parametrize("name", ["gaussian", "unsharp"])
def test_the_result_is_the_filter_of_the_whole_picture(
    name: str, project: SceneProject, picture: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    stages = ["reconstructed_tiles", "tile_statistics", "scene_preview", "reconstructed_scene"]
    run = project.run(*stages, scenes=[KEY], scenes_tile_size=2000, scenes_reconstruction=name)
    assert run.result.success, run.failure
    assert all(run.checks().values())
    whole = expected(name, picture)
    table = project.table("reconstructed_tiles")
    stored = stored_scene(table, KEY)
    reader = TileReader(table.root, stored.addresses)
    assert (stored.grid.columns, stored.grid.rows) == (4, 5)
    for tile in stored.grid.tiles():
        np.testing.assert_array_equal(reader.read(tile), whole[tile.window.within(stored.grid.window)])
    (row,) = project.table("reconstructed_scene").read(partitions=[KEY]).to_pylist()
    assert row["levels"] == 6
    with Image.open(project.root / "warehouse" / row["path"]) as opened:
        np.testing.assert_array_equal(np.asarray(opened), whole)
        opened.seek(5)
        assert opened.size == (220, 289)
    for preview in project.table("scene_preview").read(["picture"], [KEY]).to_pylist():
        assert Image.open(io.BytesIO(preview["picture"])).size == (703, 923)
