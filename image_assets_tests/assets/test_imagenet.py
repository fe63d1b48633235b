import io
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from dagster import DagsterInstance
from PIL import Image

from image_assets_tests.assets.project import BROKEN, CLASSES, ROWS, Project, Run


@pytest.fixture(scope="module")
def imagenet(chain: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The job `imagenet` over the frames of the chain."""
    root = tmp_path_factory.mktemp("imagenet") / "project"
    shutil.copytree(chain.project.root, root, symlinks=True)
    with DagsterInstance.ephemeral() as instance:
        project = Project(root, instance)
        project.register(*CLASSES)
        run = project.run(job_name="imagenet", classes=CLASSES)
        assert run.result.success, run.failure
        yield run


def rows(run: Run, table: str) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in run.project.table(table).read().to_pylist()}


def test_the_job_leaves_the_chain_alone(imagenet: Run, chain: Run) -> None:
    assert imagenet.project.table("cnn_features").version() == chain.project.table("cnn_features").version()
    assert imagenet.project.materialized("imagenet_predictions") == set(CLASSES)
    assert imagenet.project.materialized("decoded_frames") == set()


def test_each_decoded_picture_has_its_five_best_imagenet_classes(imagenet: Run) -> None:
    found = rows(imagenet, "imagenet_predictions")
    assert set(found) == set(rows(imagenet, "raw_images")) - BROKEN
    for row in found.values():
        assert len(set(row["wnids"])) == len(row["labels"]) == len(row["scores"]) == 5
        assert row["scores"] == sorted(row["scores"], reverse=True)
        assert 0 < sum(row["scores"]) <= 1
        assert all(wnid.startswith("n") for wnid in row["wnids"])
    assert {row["backbone"].rsplit("/", 1)[0] for row in found.values()} == {"efficientnet_lite0/probabilities"}


def test_each_picture_is_drawn_with_its_best_class(imagenet: Run) -> None:
    predictions, pictures = rows(imagenet, "imagenet_predictions"), rows(imagenet, "labelled_pictures")
    assert set(pictures) == set(predictions)
    for path, row in pictures.items():
        assert (row["imagenet_label"], row["score"]) == (predictions[path]["labels"][0], predictions[path]["scores"][0])
        with Image.open(io.BytesIO(row["picture"])) as image:
            assert image.format == "JPEG"
            assert image.width == 224


def test_metadata_counts_rows_and_shows_a_sheet(imagenet: Run) -> None:
    for asset in ("imagenet_predictions", "labelled_pictures"):
        counts = {name: found["dagster/row_count"] for name, found in imagenet.metadata(asset).items()}
        assert counts == {name: n - 1 for name, n in ROWS.items()}
    sheets = {found["contact_sheet"] for found in imagenet.metadata("labelled_pictures").values()}
    assert len(sheets) == 3
    assert all(sheet.split("](", 1)[1].startswith("data:image/jpeg;base64,/9j/") for sheet in sheets)


def test_frames_without_a_prediction_are_refused_with_the_remedy(imagenet: Run) -> None:
    project = imagenet.project
    project.table("imagenet_predictions").commit([], ["Cherry"])
    run = project.run("labelled_pictures", classes=["Cherry"])
    assert not run.result.success
    assert "6 pictures have no ImageNet prediction, such as Test/Cherry/20_100.jpg: materialize " in run.failure
    assert project.table("labelled_pictures").counts(["Cherry"])["Cherry"].rows == ROWS["Cherry"] - 1
