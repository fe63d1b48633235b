"""Day after day: a run computes the pictures that are new or altered, and nothing else."""

import shutil
from typing import Any

import numpy as np
import pytest
from PIL import Image

from image_assets.automation.tags import RECOMPUTE_TAG
from image_assets.errors import StalePlanError
from image_assets.spark.reuse import Reuse
from image_assets.warehouse.recipes import recipes_of
from image_assets_tests.assets.project import CLASSES, ROWS, Project, Run
from image_assets_tests.precision import skip_without_bfloat16

STAGES = ["raw_images", "decoded_frames", "cnn_features", "reduced_features", "predictions"]
Counts = tuple[int, int, int]


def changes(run: Run, asset: str) -> dict[str | None, Counts]:
    assert run.result.success, run.failure
    return {name: (found["computed"], found["reused"], found["removed"]) for name, found in run.metadata(asset).items()}


def values(project: Project, table: str, column: str) -> dict[str, Any]:
    return {row["path"]: row[column] for row in project.table(table).read(["path", column]).to_pylist()}


def draw(project: Project, path: str, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 20, 3), np.uint8)
    Image.fromarray(pixels).save(project.source / path, quality=95)


@pytest.fixture
def settled(project: Project) -> Project:
    """The files have been read where they lie now: at another address they would be read again."""
    assert project.run("raw_images", classes=CLASSES).result.success
    return project


def test_the_first_run_computes_everything(chain: Run) -> None:
    assert changes(chain, "raw_images") == {name: (rows, 0, 0) for name, rows in ROWS.items()}
    assert changes(chain, "cnn_features") == {name: (rows - 1, 0, 0) for name, rows in ROWS.items()}


def test_with_nothing_changed_nothing_is_computed_or_committed(settled: Project) -> None:
    versions = {name: settled.table(name).version() for name in STAGES}
    run = settled.run(*STAGES, classes=CLASSES)
    for stage in STAGES[:2]:
        assert changes(run, stage) == {name: (0, rows, 0) for name, rows in ROWS.items()}
    for stage in STAGES[2:]:
        assert changes(run, stage) == {name: (0, rows - 1, 0) for name, rows in ROWS.items()}
    assert {name: settled.table(name).version() for name in STAGES} == versions
    assert run.metadata("cnn_features")["Cherry"]["dagster/row_count"] == ROWS["Cherry"] - 1
    assert all(evaluation.passed for evaluation in run.result.get_asset_check_evaluations())


def test_a_changed_day(settled: Project) -> None:
    features = values(settled, "cnn_features", "features")
    source = settled.source
    draw(settled, "Training/Cherry/new.jpg", 1)
    draw(settled, "Training/Apple Red 1/0_100.jpg", 2)
    (source / "Training/Apple Red 2/0_100.jpg").unlink()
    (source / "Training/Apple Red 2/1_100.jpg").rename(source / "Test/Apple Red 2/renamed.jpg")
    (source / "Training/Cherry/0_100.jpg").rename(source / "Training/Apple Red 1/guest.jpg")
    shutil.copy(source / "Test/Cherry/20_100.jpg", source / "Test/Cherry/twin.jpg")

    run = settled.run(*STAGES, classes=CLASSES)

    # A file must be read to know that it has only moved.
    assert changes(run, "raw_images") == {
        "Apple_Red_1": (2, 11, 0),
        "Apple_Red_2": (1, 7, 1),
        "Cherry": (2, 6, 1),
    }
    # What moved, within a class or between them, and what is there twice, is computed once.
    for stage, failed in (("decoded_frames", 0), ("cnn_features", 1), ("predictions", 1)):
        assert changes(run, stage) == {
            "Apple_Red_1": (1, 12 - failed, 0),
            "Apple_Red_2": (0, 8 - failed, 1),
            "Cherry": (1, 7 - failed, 1),
        }
    found = values(settled, "cnn_features", "features")
    moves = {
        "Test/Apple Red 2/renamed.jpg": "Training/Apple Red 2/1_100.jpg",
        "Training/Apple Red 1/guest.jpg": "Training/Cherry/0_100.jpg",
        "Test/Cherry/twin.jpg": "Test/Cherry/20_100.jpg",
    }
    for new, old in moves.items():
        assert found[new] == features[old]
    assert found["Training/Apple Red 1/0_100.jpg"] != features["Training/Apple Red 1/0_100.jpg"]
    assert values(settled, "predictions", "split")["Test/Apple Red 2/renamed.jpg"] == "test"
    assert values(settled, "decoded_frames", "label")["Training/Apple Red 1/guest.jpg"] == "Apple_Red"

    # The tables are those of a run that computes everything.
    before = {name: sorted_rows(settled, name) for name in STAGES[:3]}
    again = settled.run(*STAGES[:3], classes=CLASSES, tags={RECOMPUTE_TAG: "true"})
    assert changes(again, "cnn_features")["Cherry"] == (7, 0, 0)
    assert {name: sorted_rows(settled, name) for name in STAGES[:3]} == before


def sorted_rows(project: Project, table: str) -> list[dict[str, Any]]:
    return sorted(project.table(table).read().to_pylist(), key=lambda row: str(row["path"]))


def test_another_setting_computes_its_stage_and_those_after_it(settled: Project) -> None:
    run = settled.run("decoded_frames", "cnn_features", classes=["Cherry"], alpha="drop")
    assert changes(run, "decoded_frames")["Cherry"] == (7, 0, 0)
    assert changes(run, "cnn_features")["Cherry"] == (6, 0, 0)
    speed = settled.run("decoded_frames", "cnn_features", classes=["Cherry"], alpha="drop", engine_batch_rows=3)
    assert changes(speed, "decoded_frames")["Cherry"] == (0, 7, 0)
    assert changes(speed, "cnn_features")["Cherry"] == (0, 6, 0)


def test_another_precision_computes_the_features_again(settled: Project) -> None:
    skip_without_bfloat16()
    run = settled.run("decoded_frames", "cnn_features", classes=["Cherry"], engine_precision="bfloat16")
    assert changes(run, "decoded_frames")["Cherry"] == (0, 7, 0)
    assert changes(run, "cnn_features")["Cherry"] == (6, 0, 0)
    again = settled.run("cnn_features", classes=["Cherry"], engine_precision="bfloat16")
    assert changes(again, "cnn_features")["Cherry"] == (0, 6, 0)


def test_the_setting_recomputes_everything_and_the_tag_wins(settled: Project) -> None:
    run = settled.run("decoded_frames", classes=["Cherry"], recompute=True)
    assert changes(run, "decoded_frames")["Cherry"] == (7, 0, 0)
    run = settled.run("decoded_frames", classes=["Cherry"], recompute=True, tags={RECOMPUTE_TAG: "false"})
    assert changes(run, "decoded_frames")["Cherry"] == (0, 7, 0)


def test_files_whose_rows_are_all_wanted_stay_where_they_are(settled: Project) -> None:
    before = settled.written("decoded_frames", "Cherry")
    draw(settled, "Training/Cherry/new.jpg", 1)
    settled.run("raw_images", "decoded_frames", classes=["Cherry"])
    after = settled.written("decoded_frames", "Cherry")
    assert before.items() < after.items()
    table = settled.table("decoded_frames")
    assert len(recipes_of(table, table.files(["Cherry"]))) == 1


def test_a_plan_that_another_writer_has_overtaken_changes_nothing(settled: Project) -> None:
    table = settled.table("decoded_frames")
    base = table.files(["Cherry"])
    table.commit([], ["Cherry"])
    with pytest.raises(StalePlanError, match="another run has changed Cherry meanwhile"):
        table.exchange([], base, partition="Cherry", base=base)
    assert table.counts(["Cherry"])["Cherry"].rows == 0


def test_an_overtaken_class_is_planned_again(settled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(settled, "Training/Cherry/new.jpg", 1)
    assert settled.run("raw_images", classes=["Cherry"]).result.success
    plan = Reuse.plan
    seen: list[object] = []

    def overtaken(self: Reuse, partition: str) -> Any:
        update = plan(self, partition)
        if not seen:
            seen.append(update)
            self.target.commit([], [partition])
        return update

    monkeypatch.setattr(Reuse, "plan", overtaken)
    run = settled.run("decoded_frames", classes=["Cherry"])
    assert changes(run, "decoded_frames")["Cherry"] == (8, 0, 0)
    assert settled.table("decoded_frames").counts(["Cherry"])["Cherry"].rows == 8


def test_a_class_that_cannot_be_described_is_on_record_all_the_same(
    settled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no font")

    monkeypatch.setattr("image_assets.assets.fruits.decoded_frames.class_sheet", fail)
    run = settled.run("decoded_frames", classes=CLASSES)
    assert run.result.success, run.failure
    assert settled.materialized("decoded_frames") == set(CLASSES)
    assert run.metadata("decoded_frames")["Cherry"]["not_described"] == "RuntimeError: no font"
    assert run.metadata("decoded_frames")["Cherry"]["dagster/row_count"] == ROWS["Cherry"]
