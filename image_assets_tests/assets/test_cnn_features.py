from pathlib import Path

import numpy as np

from image_assets.fruits.blocks import feature_matrix
from image_assets_tests.assets.project import BROKEN, CLASSES, ROWS, Project, Run


def features_of(project: Project, *classes: str) -> dict[str, np.ndarray]:
    rows = project.table("cnn_features").read(["path", "features"], classes or None).combine_chunks()
    return dict(zip(rows["path"].to_pylist(), feature_matrix(rows["features"].combine_chunks()), strict=True))


def test_each_decoded_picture_has_features_and_no_other(chain: Run) -> None:
    features = features_of(chain.project)
    assert set(features) == set(chain.project.table("raw_images").read(["path"])["path"].to_pylist()) - BROKEN
    matrix = np.stack(list(features.values()))
    assert matrix.shape == (sum(ROWS.values()) - len(BROKEN), 1280)
    assert np.isfinite(matrix).all()
    assert (matrix.std(axis=0) > 0).mean() > 0.8


def test_like_pictures_have_like_features(chain: Run) -> None:
    features = features_of(chain.project)

    def distance(one: str, other: str) -> float:
        return float(np.linalg.norm(features[one] - features[other]))

    misfiled = "Test/Apple Red 1/misfiled.jpg"
    assert distance(misfiled, "Test/Cherry/20_100.jpg") < distance(misfiled, "Test/Apple Red 1/20_100.jpg")


def test_rows_and_metadata_name_the_backbone_and_its_weights(chain: Run) -> None:
    metadata = chain.metadata("cnn_features")
    assert {name: found["dagster/row_count"] for name, found in metadata.items()} == {
        name: n - 1 for name, n in ROWS.items()
    }
    names = set(chain.project.table("cnn_features").read(["backbone"])["backbone"].to_pylist())
    assert names == {found["configuration"]["backbone"] for found in metadata.values()}
    assert len(names) == 1
    backbone, form, digest = names.pop().split("/")
    assert (backbone, form, len(digest)) == ("efficientnet_lite0", "pooled", 12)
    assert {found["configuration"]["engine"] for found in metadata.values()} == {"openvino"}


def test_a_second_run_uses_the_exported_graph_and_finds_the_same(project: Project) -> None:
    before, graphs = features_of(project, "Cherry"), sorted(Path(project.root).rglob("_artifacts/graphs/*"))
    project.run("cnn_features", classes=["Cherry"])
    after = features_of(project, "Cherry")
    assert sorted(Path(project.root).rglob("_artifacts/graphs/*")) == graphs
    assert [path.suffix for path in graphs].count(".onnx") == 1
    for path, features in before.items():
        np.testing.assert_array_equal(after[path], features)


def test_another_engine_finds_the_same_and_says_so(project: Project) -> None:
    before = features_of(project, *CLASSES)
    run = project.run("cnn_features", classes=["Cherry"], engine="onnxruntime")
    after = features_of(project, "Cherry")
    assert run.metadata("cnn_features")["Cherry"]["configuration"]["engine"] == "onnxruntime"
    for path, features in after.items():
        np.testing.assert_allclose(features, before[path], atol=1e-4)


def test_frames_of_another_size_are_refused_with_the_remedy(project: Project) -> None:
    project.run("decoded_frames", classes=["Cherry"], frame_size=32)
    run = project.run("cnn_features", classes=["Cherry"])
    assert not run.result.success
    assert "the backbone takes 224 x 224 x 3 = 150528: materialize decoded_frames again" in run.failure
    assert project.table("cnn_features").counts(["Cherry"])["Cherry"].rows == ROWS["Cherry"] - 1


def test_frames_that_are_not_there_yet_are_asked_for(project: Project) -> None:
    project.table("decoded_frames").commit([], ["Cherry"])
    run = project.run("cnn_features", classes=["Cherry"])
    assert "Cherry: decoded_frames does not hold the class: materialize decoded_frames for it first" in run.failure
