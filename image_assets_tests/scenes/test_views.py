"""Light keys and heavy pictures in SQL: what a question reads and what it computes."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from image_assets.scenes.views import SceneViews, create_views
from image_assets.tiles.codec import decode_pixels
from image_assets_tests.scenes.project import SCENES, SKY, STUDY, Run, pixels_of


@pytest.fixture
def views(spark: SparkSession, scene_chain: Run) -> SceneViews:
    return create_views(spark, scene_chain.project.warehouse)


def test_a_question_about_keys_reads_no_pixels(spark: SparkSession, views: SceneViews) -> None:
    rows = spark.sql("SELECT scene, count(*) AS n FROM source_tiles_keys GROUP BY scene").collect()
    assert {row.scene: row.n for row in rows} == {SKY: 12, STUDY: 20, "grey.png": 6}
    found = spark.sql("SELECT scene, y, width, height FROM source_tiles_keys WHERE x > 3").collect()
    assert sorted((row.scene, row.y, row.width, row.height) for row in found) == [
        (STUDY, y, 44, height) for y, height in enumerate((64, 64, 64, 8))
    ]
    assert views.tiles_read == 0
    assert views.bytes_read > 0


def test_a_filter_on_keys_computes_statistics_of_the_tiles_that_are_left(
    spark: SparkSession, views: SceneViews, scene_chain: Run
) -> None:
    question = "SELECT x, y, tile_statistics(picture) AS found FROM reconstructed_tiles_keys"
    rows = spark.sql(f"{question} WHERE scene = :scene AND x = 1", {"scene": SKY}).collect()
    assert views.tiles_read == len(rows) == 3
    stored = {
        (row["x"], row["y"]): row
        for row in scene_chain.project.table("tile_statistics").read(partitions=[SKY]).to_pylist()
    }
    for row in rows:
        expected = stored[row.x, row.y]
        assert (row.found.mean, row.found.std) == (expected["mean"], expected["std"])
        assert row.found.brightest_column + 64 == expected["brightest_column"]
    few = views.bytes_read
    views.reset()
    assert len(spark.sql(question).collect()) == views.tiles_read == 38
    assert views.bytes_read > 2 * few


def test_pictures_have_a_view_and_a_function(spark: SparkSession, views: SceneViews) -> None:
    sky = {"scene": SKY}
    stored = "SELECT * FROM source_tiles_pictures WHERE scene = :scene AND x = 2 AND y = 1"
    (row,) = spark.sql(stored, sky).collect()
    expected = pixels_of(SKY)[64:128, 128:192]
    np.testing.assert_array_equal(decode_pixels(bytes(row.pixels)), expected)
    fetched = "SELECT tile_pixels(picture) AS values FROM source_tiles_keys WHERE scene = :scene AND x = 2 AND y = 1"
    (row,) = spark.sql(fetched, sky).collect()
    assert bytes(row["values"]) == expected.tobytes()


def test_every_scene_is_in_the_views(spark: SparkSession, views: SceneViews) -> None:
    rows = spark.sql("SELECT DISTINCT scene FROM reconstructed_tiles_keys").collect()
    assert sorted(row.scene for row in rows) == sorted(SCENES)
