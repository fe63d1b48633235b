import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    build_schedule_context,
)
from dagster._core.utils import make_new_run_id

from image_assets.automation.maintenance import vacuum_job
from image_assets.automation.partitions import classes_of_run
from image_assets.automation.schedules import schedules
from image_assets.automation.tags import PICTURES_TAG
from image_assets.resources.settings import resources_of
from image_assets.settings import Settings
from image_assets_tests.assets.project import CLASSES, ROWS, Project
from image_assets_tests.shared import REPOSITORY

SETTINGS = Settings(nightly_cron="30 1 * * *", time_zone="Europe/Berlin")


def defined() -> dict[str, ScheduleDefinition]:
    return {found.name: found for found in schedules(SETTINGS, vacuum_job(SETTINGS))}


@pytest.fixture
def kept(project: Project, tmp_path: Path) -> Iterator[Project]:
    """The project with an instance on disk: Dagster gives schedules no other."""
    (tmp_path / "home").mkdir()
    shutil.copy(REPOSITORY / ".dagster/dagster.yaml", tmp_path / "home")
    with DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        found = Project(project.root, instance)
        found.register(*CLASSES)
        yield found


def evaluated(project: Project, name: str, now: datetime | None = None) -> RunRequest | SkipReason:
    settings = Settings(source=str(project.source), warehouse=str(project.root / "warehouse"))
    wanted = defined()[name].required_resource_keys
    with build_schedule_context(
        project.instance,
        scheduled_execution_time=now or datetime.now(UTC),
        resources={key: value for key, value in resources_of(settings).items() if key in wanted},
    ) as context:
        result = defined()[name](context)
    assert isinstance(result, RunRequest | SkipReason)
    return result


def test_schedules_have_the_times_of_the_settings_and_are_stopped() -> None:
    found = defined()
    assert set(found) == {"fruits_nightly", "fruits_refit_weekly", "vacuum_weekly"}
    assert found["fruits_nightly"].cron_schedule == "30 1 * * *"
    assert {schedule.execution_timezone for schedule in found.values()} == {"Europe/Berlin"}
    assert {schedule.default_status.value for schedule in found.values()} == {"STOPPED"}


def test_the_nightly_run_has_all_registered_classes_of_the_source(kept: Project) -> None:
    request = evaluated(kept, "fruits_nightly")
    assert isinstance(request, RunRequest)
    assert classes_of_run(kept.instance, request.tags) == CLASSES
    assert request.tags[PICTURES_TAG] == str(sum(ROWS.values()))
    for split in ("Training", "Test"):
        shutil.rmtree(kept.source / split / "Apple Red 2")
    request = evaluated(kept, "fruits_nightly")
    assert isinstance(request, RunRequest)
    assert classes_of_run(kept.instance, request.tags) == ["Apple_Red_1", "Cherry"]


def test_a_night_with_nothing_new_starts_no_run(kept: Project) -> None:
    (kept.source / "Training/Apple Red 1/gone.jpg").unlink()  # it would be read again every night
    request = evaluated(kept, "fruits_nightly")
    assert isinstance(request, RunRequest)
    run = kept.run(job_name="fruits", tags=request.tags, raise_on_error=True).result.dagster_run

    skipped = evaluated(kept, "fruits_nightly")
    assert isinstance(skipped, SkipReason)
    assert skipped.skip_message == f"nothing new in 3 classes since run {run.run_id}, which succeeded"
    later = datetime.now(UTC) + timedelta(hours=36)
    assert isinstance(evaluated(kept, "fruits_nightly", later), RunRequest), "or the assets would be overdue"

    picture = kept.source / "Test/Cherry/20_100.jpg"
    before = picture.stat()
    os.utime(picture)
    assert isinstance(evaluated(kept, "fruits_nightly"), RunRequest)
    os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert isinstance(evaluated(kept, "fruits_nightly"), SkipReason)

    kept.instance.add_run(DagsterRun("scenes", make_new_run_id(), status=DagsterRunStatus.FAILURE))
    assert isinstance(evaluated(kept, "fruits_nightly"), SkipReason), "another chain"
    kept.instance.add_run(DagsterRun("fruits", make_new_run_id(), status=DagsterRunStatus.FAILURE))
    assert isinstance(evaluated(kept, "fruits_nightly"), RunRequest), "what failed is taken up"


def test_a_night_on_which_a_stage_did_not_follow_runs(kept: Project) -> None:
    (kept.source / "Training/Apple Red 1/gone.jpg").unlink()
    request = evaluated(kept, "fruits_nightly")
    kept.run("raw_images", job_name="fruits", tags=request.tags, raise_on_error=True)  # type: ignore[union-attr]
    assert isinstance(evaluated(kept, "fruits_nightly"), RunRequest), "decoded_frames are of earlier raw_images"


def test_the_refit_has_all_classes_with_features(kept: Project) -> None:
    request = evaluated(kept, "fruits_refit_weekly")
    assert isinstance(request, RunRequest)
    assert classes_of_run(kept.instance, request.tags) == CLASSES


def test_a_tick_with_nothing_to_do_says_so(kept: Project) -> None:
    shutil.rmtree(kept.root / "warehouse")
    for name in CLASSES:
        kept.instance.delete_dynamic_partition("fruit_class", name)
    reasons = {name: evaluated(kept, name) for name in defined()}
    assert all(isinstance(reason, SkipReason) for reason in reasons.values())
    assert "no class is registered" in str(reasons["fruits_nightly"].skip_message)  # type: ignore[union-attr]
    assert "no class has features yet" in str(reasons["fruits_refit_weekly"].skip_message)  # type: ignore[union-attr]
    assert "there are no tables yet" in str(reasons["vacuum_weekly"].skip_message)  # type: ignore[union-attr]
