import shutil
from collections.abc import Iterable

import pyarrow as pa

from image_assets.chain_tables import FRUITS_TABLES
from image_assets.fruits.listing import compare_listing
from image_assets.fruits.status import Expected, class_statuses
from image_assets.vision.sources import open_source
from image_assets.warehouse.following import PartitionStatus
from image_assets.warehouse.parquet import write_batches
from image_assets_tests.assets.project import CLASSES, ROWS, Project, Run


def statuses(
    project: Project, *, features: str = "efficientnet_lite0/pooled/", classes: Iterable[str] | None = None
) -> dict[str, PartitionStatus]:
    changes = compare_listing(open_source(project.source), project.table("raw_images"), classes)
    expected = Expected.of(project.warehouse, features)
    return {item.partition: item for item in class_statuses(project.warehouse, expected, changes)}


def rewrite(project: Project, name: str, fruit_class: str, *, rows: int | None = None) -> None:
    """Write rows of a class again, as a run does that finds the same; or only some of them."""
    table = project.table(name)
    found = table.read(partitions=[fruit_class])
    found = found if rows is None else found.slice(0, rows)
    batches = [
        pa.RecordBatch.from_arrays([batch[field.name].cast(field.type) for field in table.schema], schema=table.schema)
        for batch in found.to_batches()
    ]
    files = write_batches(table.root, table.schema, "fruit_class", batches, table.write_options)
    table.commit(files, [fruit_class])


def test_all_is_fresh_after_a_run(chain: Run) -> None:
    found = statuses(chain.project)
    assert list(found) == CLASSES
    for name, item in found.items():
        assert (item.state, item.reasons) == ("fresh", ())
        assert (item.rows, item.failures) == (ROWS[name], 1)
        assert item.updated is not None
        assert item.versions == {table: chain.metadata(table)[name]["delta_version"] for table in FRUITS_TABLES}


def test_what_the_source_has_now_makes_a_class_stale(project: Project) -> None:
    (project.source / "Test/Cherry/20_100.jpg").unlink()
    found = statuses(project)
    assert (found["Cherry"].state, found["Cherry"].reasons) == ("stale", ("pictures in the source: 1 vanished",))
    assert found["Apple_Red_1"].state == "fresh"


def test_a_class_is_never_run_or_vanished(project: Project) -> None:
    for side in ("Training", "Test"):
        (project.source / side / "Cherry").rename(project.source / side / "Sour Cherry")
    found = statuses(project)
    assert (found["Sour_Cherry"].state, found["Sour_Cherry"].rows) == ("never run", 0)
    assert (found["Cherry"].state, found["Cherry"].rows) == ("vanished", ROWS["Cherry"])


def test_a_stage_that_did_not_follow_is_named(project: Project) -> None:
    rewrite(project, "cnn_features", "Cherry", rows=4)
    assert statuses(project)["Cherry"].reasons == (
        "cnn_features has 4 rows, 6 expected from decoded_frames",
        "reduced_features has 6 rows, 4 expected from cnn_features",
    )


def test_the_same_rows_written_again_are_still_fresh(project: Project) -> None:
    rewrite(project, "decoded_frames", "Cherry")
    assert statuses(project)["Cherry"].state == "fresh"


def test_as_many_rows_of_other_pictures_are_stale(project: Project) -> None:
    with (project.source / "Test/Cherry/20_100.jpg").open("ab") as file:
        file.write(b"\0")
    assert project.run("raw_images", classes=["Cherry"]).result.success
    assert statuses(project)["Cherry"].reasons == ("decoded_frames is of earlier raw_images",)


def test_a_stage_that_never_ran_makes_a_class_incomplete(project: Project) -> None:
    shutil.rmtree(project.table("predictions").root.path)
    found = statuses(project, classes=["Cherry"])
    assert (found["Cherry"].state, found["Cherry"].reasons) == ("incomplete", ("predictions has not run",))


def test_another_backbone_precision_or_fit_makes_all_stale(project: Project) -> None:
    for features in ("mobilenet_v2/pooled/", "efficientnet_lite0/pooled-bfloat16/"):
        stale = statuses(project, features=features)["Cherry"]
        assert stale.state == "stale"
        assert stale.reasons[0].startswith("cnn_features are of efficientnet_lite0/pooled/")
        assert stale.reasons[0].endswith(f", set is {features[:-1]}")
    artifacts = project.warehouse.artifacts
    artifacts.point("projection", "feature_projection", "f" * 64)
    assert statuses(project)["Cherry"].reasons == ("reduced_features are of an earlier projection",)


def test_an_earlier_classifier_makes_predictions_stale(project: Project) -> None:
    kind, name = "classifier", "fruit_classifier"
    assert project.warehouse.artifacts.resolve(kind, name) is not None
    project.warehouse.artifacts.point(kind, name, "f" * 64)
    assert statuses(project)["Cherry"].reasons == ("predictions are of an earlier classifier",)


def test_without_the_source_the_tables_are_compared_alone(project: Project) -> None:
    shutil.rmtree(project.source)
    expected = Expected.of(project.warehouse, "efficientnet_lite0/pooled/")
    assert [item.state for item in class_statuses(project.warehouse, expected)] == ["fresh"] * 3


def test_a_warehouse_without_tables_has_no_class(chain: Run) -> None:
    empty = Project(chain.project.root / "nothing", chain.project.instance).warehouse
    assert list(class_statuses(empty, Expected.of(empty, "efficientnet_lite0/pooled/"))) == []
