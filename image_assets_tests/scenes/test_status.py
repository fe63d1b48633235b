"""Where scenes stand, as `image-assets status` asks for it."""

import os
from typing import Any

import imagecodecs
import pytest
from dagster import SensorResult, SkipReason, build_sensor_context

from image_assets.automation import scene_sensor
from image_assets.automation.partitions import SCENE, range_tags
from image_assets.automation.scene_sensor import new_scenes
from image_assets.cli.chains.scenes import SCENES as CHAIN
from image_assets.resources.scenes import SceneResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.settings import Settings
from image_assets.warehouse.following import PartitionStatus
from image_assets_tests.scenes.project import BROKEN, GREY, SCENES, SKY, STUDY, TILE, Run, SceneProject, pixels_of


def statuses(project: SceneProject, *, compare: bool = True, **changed: Any) -> dict[str, PartitionStatus]:
    assert CHAIN.inspection is not None
    scenes = f"{project.root / 'source'}, {STUDY}"
    made = {"scenes": scenes, "warehouse": str(project.root / "warehouse"), "scenes_tile_size": TILE, **changed}
    settings = Settings(**made)
    known = sorted(CHAIN.inspection.known(settings, compare))
    return {item.partition: item for item in CHAIN.inspection.statuses(settings, known, compare)}


def test_scenes_are_fresh_after_a_run_and_one_cannot_be_opened(scene_chain: Run) -> None:
    found = statuses(scene_chain.project)
    assert set(found) == {*SCENES, BROKEN}
    for scene in SCENES:
        assert (found[scene].state, found[scene].reasons, found[scene].failures) == ("fresh", (), 0)
    assert found[SKY].rows == 4 * 3
    assert found[SKY].versions == {
        table: scene_chain.metadata(table)[SKY]["delta_version"]
        for table in ("source_tiles", "reconstructed_tiles", "tile_statistics", "scene_preview", "reconstructed_scene")
    }
    assert (found[BROKEN].state, found[BROKEN].failures) == ("unreadable", 1)
    assert "broken.tif" in found[BROKEN].reasons[0]


def test_a_changed_file_another_setting_and_a_stage_that_did_not_follow_are_stale(scene_project: SceneProject) -> None:
    os.utime(scene_project.root / "source" / GREY)
    found = statuses(scene_project, scenes_parameters={"sigma": 3}, scenes_preview_size=512)
    settings = (
        "reconstructed_tiles was computed with IMAGE_ASSETS_SCENES_PARAMETERS {}, set is {'sigma': 3}",
        "scene_preview was computed with IMAGE_ASSETS_SCENES_PREVIEW_SIZE 1024, set is 512",
    )
    assert found[GREY].reasons == ("the file has changed since it was cut into tiles", *settings)
    assert (found[SKY].state, found[SKY].reasons) == ("stale", settings)

    (scene_project.root / "source" / GREY).unlink()
    assert scene_project.run("source_tiles", scenes=[STUDY], recompute=True).result.success
    found = statuses(scene_project)
    assert found[STUDY].reasons == (
        "reconstructed_tiles is of earlier source_tiles",
        "scene_preview is of earlier source_tiles",
    )
    assert found[SKY].state == "fresh", "the table has a new version, and this scene none"
    assert found[GREY].state == "vanished"
    assert statuses(scene_project, compare=False)[GREY].state == "fresh"


def test_the_sensor_asks_once_for_a_scene_that_has_changed(
    scene_project: SceneProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tick(cursor: str | None = None) -> SensorResult | SkipReason:
        resources = {
            "scenes_source": SceneResource(address=f"{scene_project.root / 'source'}, {STUDY}"),
            "warehouse": WarehouseResource(root=str(scene_project.root / "warehouse")),
        }
        with build_sensor_context(scene_project.instance, cursor=cursor, resources=resources) as context:
            found = new_scenes(context)
        assert isinstance(found, SensorResult | SkipReason)
        return found

    assert isinstance(tick(), SkipReason)
    (scene_project.root / "source" / GREY).write_bytes(imagecodecs.png_encode(255 - pixels_of(GREY)[..., 0]))
    assert isinstance(tick(), SkipReason), "it may still be copied"
    monkeypatch.setattr(scene_sensor, "SETTLED_SECONDS", 0)
    found = tick()
    assert isinstance(found, SensorResult)
    (request,) = found.run_requests or []
    assert request.tags == range_tags(scene_project.instance, [GREY], SCENE)
    assert not found.dynamic_partitions_requests
    assert isinstance(tick(found.cursor), SkipReason)

    run = scene_project.run(job_name="scenes", scenes=[GREY])
    assert run.result.success, run.failure
    assert isinstance(tick(), SkipReason)


def test_a_stage_that_has_not_run_makes_a_scene_incomplete(scene_project: SceneProject) -> None:
    (scene_project.root / "source/new.png").write_bytes((scene_project.root / "source" / GREY).read_bytes())
    scene_project.register("new.png")
    assert statuses(scene_project)["new.png"].state == "never run"
    assert scene_project.run("source_tiles", scenes=["new.png"]).result.success
    found = statuses(scene_project)["new.png"]
    assert found.state == "incomplete"
    assert found.reasons[0] == "reconstructed_tiles has not run"
