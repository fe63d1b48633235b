"""The chain with a scene and its tables on S3."""

import numpy as np
from dagster import DagsterInstance
from pyspark.sql import SparkSession
from scipy import ndimage

from image_assets.scenes.tile_tables import TileReader, stored_scene
from image_assets.scenes.verification import stitched
from image_assets.scenes.views import create_views
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.s3.pictures import upload
from image_assets_tests.s3.server import S3Server
from image_assets_tests.scenes.project import SKY, Run, SceneProject, pixels_of


def test_a_scene_on_s3_is_reconstructed_there(s3_server: S3Server, spark: SparkSession, scene_chain: Run) -> None:
    source = f"{s3_server.bucket('scenes')}/pictures"
    upload(s3_server, scene_chain.project.root / "source", source)
    tables = f"{s3_server.bucket('scene-tables')}/warehouse"
    with DagsterInstance.ephemeral() as instance:
        project = SceneProject(scene_chain.project.root, instance)
        project.register(SKY)
        for recompute in (False, True):
            run = project.run(job_name="scenes", scenes=[SKY], source=source, warehouse=tables, recompute=recompute)
            assert run.result.success, run.failure
            assert all(run.checks().values())
    warehouse = Warehouse.at(tables)
    opened = warehouse.table("reconstructed_tiles")
    stored = stored_scene(opened, SKY)
    found = stitched(TileReader(opened.root, stored.addresses), stored)
    np.testing.assert_array_equal(found, ndimage.gaussian_filter(pixels_of(SKY), 2.0, axes=(0, 1)))
    keys = [item["Key"] for item in s3_server.client().list_objects_v2(Bucket="scene-tables")["Contents"]]
    assert len([key for key in keys if "/_scenes/" in key and key.endswith(".tif")]) == 1  # the older one is gone
    assert not [key for key in keys if "/exchange-" in key and key.endswith(".bin")]
    views = create_views(spark, warehouse)
    rows = spark.sql("SELECT tile_statistics(picture).mean FROM reconstructed_tiles_keys WHERE x = 1").collect()
    assert len(rows) == views.tiles_read == 3
