import shutil

import pytest
from dagster import AssetKey, Failure
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from image_assets.automation.partitions import UnknownClassError
from image_assets.automation.tags import RECOMPUTE_TAG
from image_assets_tests.assets.project import CLASSES, ROWS, Project


def range_of(start: str, end: str) -> dict[str, str]:
    return {ASSET_PARTITION_RANGE_START_TAG: start, ASSET_PARTITION_RANGE_END_TAG: end}


def test_one_class_is_recomputed_alone(project: Project) -> None:
    apples, cherries = project.written("decoded_frames", *CLASSES[:2]), project.written("decoded_frames", "Cherry")
    version = project.table("decoded_frames").version() or 0
    run = project.run("decoded_frames", partition_key="Cherry", tags={RECOMPUTE_TAG: "true"})
    assert run.result.success, run.failure
    assert project.written("decoded_frames", *CLASSES[:2]) == apples
    assert cherries.keys().isdisjoint(project.written("decoded_frames", "Cherry"))
    assert {name: found.rows for name, found in project.table("decoded_frames").counts().items()} == ROWS
    assert project.materialized("decoded_frames") == {"Cherry"}
    assert run.metadata("decoded_frames")["Cherry"]["delta_version"] == version + 1


def test_a_range_of_classes_is_recomputed_in_one_run(project: Project) -> None:
    cherries = project.written("raw_images", "Cherry")
    project.run("raw_images", tags=range_of("Apple_Red_1", "Apple_Red_2"))
    assert project.materialized("raw_images") == {"Apple_Red_1", "Apple_Red_2"}
    assert project.written("raw_images", "Cherry") == cherries
    assert len(project.instance.get_runs()) == 1


def test_scattered_classes_are_recomputed_in_one_run(project: Project) -> None:
    between = project.written("decoded_frames", "Apple_Red_2")
    run = project.run("decoded_frames", classes=["Cherry", "Apple_Red_1"])
    assert run.result.success, run.failure
    assert set(run.metadata("decoded_frames")) == {"Apple_Red_1", "Cherry"}
    assert project.materialized("decoded_frames") == {"Apple_Red_1", "Cherry"}
    assert project.written("decoded_frames", "Apple_Red_2") == between
    assert len(project.instance.get_runs()) == 1


def test_scattered_classes_go_through_several_stages(project: Project) -> None:
    run = project.run("raw_images", "decoded_frames", "reduced_features", classes=["Apple_Red_1", "Cherry"])
    assert run.result.success, run.failure
    for asset in ("raw_images", "decoded_frames", "reduced_features"):
        assert project.materialized(asset) == {"Apple_Red_1", "Cherry"}


@pytest.mark.parametrize("asset", ["raw_images", "decoded_frames"])
def test_a_range_written_backwards_fails_and_says_so(project: Project, asset: str) -> None:
    version = project.table(asset).version()
    run = project.run(asset, tags=range_of("Cherry", "Apple_Red_1"))
    assert not run.result.success
    assert run.failure.startswith(f"the run of {asset} has no partitions: a range is written first...last in the order")
    assert project.table(asset).version() == version


def test_an_unknown_class_is_named_with_the_remedy(project: Project) -> None:
    expected = (
        r"fruit_class 'Banana' is not registered\. Registered: Apple_Red_1, Apple_Red_2, Cherry\. "
        r"Register what the source holds with `image-assets classes --register`"
    )
    with pytest.raises(UnknownClassError, match=expected):
        project.run("decoded_frames", partition_key="Banana")
    with pytest.raises(UnknownClassError, match=expected):
        project.run("decoded_frames", tags=range_of("Cherry,Banana", "Cherry,Banana"))


def test_a_failing_class_does_not_undo_the_others(project: Project) -> None:
    for split in ("Training", "Test"):
        shutil.move(project.source / split / "Apple Red 2", project.root / split)
    before = project.written("raw_images", "Apple_Red_2")
    version = project.table("raw_images").version() or 0
    run = project.run("raw_images", classes=CLASSES)
    assert not run.result.success
    assert run.failure == (
        "raw_images: 1 of 3 partitions failed; the others are committed.\n"
        f"- Apple_Red_2: {project.source} has no pictures of the class 'Apple_Red_2' any more; what the warehouse "
        "holds of it is kept: leave the class out of the run, or bring its folder back"
    )
    assert project.materialized("raw_images") == {"Apple_Red_1", "Cherry"}
    assert project.table("raw_images").version() == version + 2
    assert project.written("raw_images", "Apple_Red_2") == before

    for split in ("Training", "Test"):
        shutil.move(project.root / split, project.source / split / "Apple Red 2")
    assert project.run("raw_images", classes=["Apple_Red_2"]).result.success
    assert project.materialized("raw_images") == set(CLASSES)


def test_classes_that_finish_beside_a_failing_one_have_their_metadata(project: Project) -> None:
    shutil.rmtree(project.source / "Training/Apple Red 2")
    shutil.rmtree(project.source / "Test/Apple Red 2")
    project.run("raw_images", classes=CLASSES)
    records = project.instance.fetch_materializations(AssetKey("raw_images"), limit=10).records
    found = {record.partition_key: record.asset_materialization for record in records}
    assert set(found) == {"Apple_Red_1", "Cherry"}
    for name, event in found.items():
        assert event is not None
        assert event.metadata["dagster/row_count"].value == ROWS[str(name)]
        assert event.metadata["failures"].value == (1 if name == "Apple_Red_1" else 0)


def test_classes_that_finish_beside_a_failing_one_have_their_versions(project: Project) -> None:
    shutil.rmtree(project.source / "Training/Apple Red 2")
    shutil.rmtree(project.source / "Test/Apple Red 2")
    project.run("raw_images", classes=CLASSES)
    records = project.instance.fetch_materializations(AssetKey("raw_images"), limit=10).records
    for record in records:
        assert record.asset_materialization is not None
        tags = record.asset_materialization.tags or {}
        assert tags["dagster/data_version"] == str(project.table("raw_images").version())
        assert tags["dagster/code_version"] == "1"


def test_a_class_that_its_source_does_not_hold_is_not_recorded_as_done(project: Project) -> None:
    project.table("decoded_frames").commit([], ["Cherry"])
    before = project.written("cnn_features", "Cherry")
    run = project.run("cnn_features", classes=CLASSES)
    assert not run.result.success
    assert "decoded_frames" in run.failure
    assert "Cherry" in run.failure
    assert project.materialized("cnn_features") == {"Apple_Red_1", "Apple_Red_2"}
    assert project.written("cnn_features", "Cherry") == before


def write_broken_class(project: Project) -> None:
    folder = project.source / "Training/Nut"
    folder.mkdir()
    (folder / "0.jpg").write_text("no picture")
    project.register("Nut")


def test_a_class_without_one_good_picture_goes_along_with_the_others(project: Project) -> None:
    write_broken_class(project)
    stages = ("raw_images", "decoded_frames", "cnn_features", "reduced_features", "predictions")
    run = project.run(*stages, classes=["Cherry", "Nut"])
    assert run.result.success, run.failure
    assert run.metadata("decoded_frames")["Nut"]["failures"] == 1
    assert [run.metadata(stage)["Nut"]["dagster/row_count"] for stage in stages] == [1, 1, 0, 0, 0]
    # The check of undecodable pictures tells of the class, and stops nobody.
    assert all(found.passed for found in run.result.get_asset_check_evaluations() if found.blocking)


def test_a_class_without_one_good_picture_goes_alone_too(project: Project) -> None:
    write_broken_class(project)
    run = project.run("raw_images", "decoded_frames", "cnn_features", "reduced_features", classes=["Nut"])
    assert run.result.success, run.failure
    assert run.metadata("reduced_features")["Nut"]["dagster/row_count"] == 0


def test_what_cannot_be_cured_by_trying_again_is_not_retried(project: Project) -> None:
    shutil.rmtree(project.source / "Training/Cherry")
    shutil.rmtree(project.source / "Test/Cherry")
    with pytest.raises(Failure, match="has no pictures of the class 'Cherry' any more") as caught:
        project.run("raw_images", classes=["Cherry"], raise_on_error=True)
    assert caught.value.metadata["failed_partitions"].value == ["Cherry"]
    assert caught.value.allow_retries is False
