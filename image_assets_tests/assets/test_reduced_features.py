import base64
import re
from typing import Any

import numpy as np
import pytest

from image_assets.contracts import CNN_FEATURES
from image_assets.fruits.blocks import feature_matrix
from image_assets.warehouse.parquet import write_batches
from image_assets_tests.assets.project import ROWS, Project, Run


def matrix(project: Project, table: str, split: str | None = None) -> np.ndarray:
    rows = project.table(table).read(["path", "split", "features"]).sort_by("path")
    chosen = np.array([split in {None, found} for found in rows["split"].to_pylist()])
    return np.asarray(feature_matrix(rows["features"].combine_chunks())[chosen], float)


def rename_backbone(project: Project, fruit_class: str, backbone: str) -> None:
    """Let the features of a class come from another backbone."""
    table = project.table("cnn_features")
    rows = [{**row, "backbone": backbone} for row in table.read(partitions=[fruit_class]).to_pylist()]
    batch = CNN_FEATURES.empty_table().from_pylist(rows, schema=CNN_FEATURES).to_batches()
    files = write_batches(table.root, table.schema, table.partition_column, batch, table.write_options)
    table.commit(files, [fruit_class])


def test_the_projection_is_the_pca_of_the_training_split(chain: Run) -> None:
    training = matrix(chain.project, "cnn_features", "training")
    spectrum = np.linalg.svd(training - training.mean(axis=0), compute_uv=False) ** 2
    metadata = chain.metadata("feature_projection")[None]
    digest, artifact = chain.project.warehouse.artifacts.latest("projection", "feature_projection")
    assert (metadata["digest"], metadata["n_components"]) == (digest, 14)  # 15 training pictures span 14 dimensions
    assert (metadata["fitted"]["n_samples"], metadata["fitted"]["requested"]) == (15, 256)
    assert metadata["backbone"] == chain.metadata("cnn_features")["Cherry"]["configuration"]["backbone"]
    np.testing.assert_allclose(
        artifact.metadata["explained_variance_ratio"], spectrum[:14] / spectrum.sum(), rtol=1e-3, atol=1e-6
    )


def test_reduced_features_are_the_features_in_the_components(chain: Run) -> None:
    _, artifact = chain.project.warehouse.artifacts.latest("projection", "feature_projection")
    features, reduced = matrix(chain.project, "cnn_features"), matrix(chain.project, "reduced_features")
    expected = (features - artifact.arrays["mean"]) @ artifact.arrays["components"].T
    assert reduced.shape == (25, 14)
    np.testing.assert_allclose(reduced, expected, atol=1e-3)


def test_rows_name_their_projection(chain: Run) -> None:
    digest = chain.metadata("feature_projection")[None]["digest"]
    names = set(chain.project.table("reduced_features").read(["projection"])["projection"].to_pylist())
    assert names == {f"pca-14/{digest[:12]}"}
    metadata = chain.metadata("reduced_features")
    assert {found["configuration"]["projection"] for found in metadata.values()} == names
    assert {name: found["dagster/row_count"] for name, found in metadata.items()} == {
        name: n - 1 for name, n in ROWS.items()
    }


def test_pictures_of_the_spectrum_and_of_each_class_are_png(chain: Run) -> None:
    spectrum = chain.metadata("feature_projection")[None]["explained_variance"]
    scatters = [found["scatter"] for found in chain.metadata("reduced_features").values()]
    for markdown in [spectrum, *scatters]:
        found = re.fullmatch(r"!\[.*\]\(data:image/png;base64,(.*)\)", markdown)
        assert found
        assert base64.b64decode(found.group(1)).startswith(b"\x89PNG")
    assert len(set(scatters)) == 3


def test_fitting_again_on_the_same_features_gives_the_same_artifact(project: Project) -> None:
    before, _ = project.warehouse.artifacts.latest("projection", "feature_projection")
    run = project.run("feature_projection")
    assert run.metadata("feature_projection")[None]["digest"] == before
    assert run.tags("feature_projection")[None]["dagster/data_version"] == before


def test_the_number_of_components_is_a_setting(project: Project) -> None:
    project.run("feature_projection", n_components=3)
    run = project.run("reduced_features", classes=["Cherry"])
    assert run.metadata("reduced_features")["Cherry"]["configuration"]["projection"].startswith("pca-3/")
    lengths = {len(row) for row in project.table("reduced_features").read(["features"], ["Cherry"])["features"]}
    assert lengths == {3}


def test_a_random_projection_is_a_setting(project: Project) -> None:
    project.run("feature_projection", projection="sparse_random_projection", n_components=20)
    run = project.run("reduced_features", classes=["Cherry"])
    configuration = run.metadata("reduced_features")["Cherry"]["configuration"]
    assert configuration["projection"].startswith("sparse_random_projection-20/")
    assert (
        "explained_variance"
        not in project.run("feature_projection", projection="sparse_random_projection", n_components=20).metadata(
            "feature_projection"
        )[None]
    )


def test_features_of_another_backbone_are_refused(project: Project, chain: Run) -> None:
    fitted = chain.metadata("feature_projection")[None]["backbone"]
    rename_backbone(project, "Cherry", "mobilenet_v2/pooled/0123456789ab")
    run = project.run("reduced_features", classes=["Apple_Red_1", "Cherry"])
    assert not run.result.success
    assert (
        f"- Cherry: the projection was fitted on features of {fitted}, and these are of "
        "mobilenet_v2/pooled/0123456789ab: materialize feature_projection again"
    ) in run.failure
    assert project.materialized("reduced_features") == {"Apple_Red_1"}


def test_a_projection_of_two_backbones_is_refused(project: Project, chain: Run) -> None:
    fitted = chain.metadata("feature_projection")[None]["backbone"]
    rename_backbone(project, "Cherry", "mobilenet_v2/pooled/0123456789ab")
    run = project.run("feature_projection")
    assert not run.result.success
    for part in (fitted, "mobilenet_v2/pooled/0123456789ab", "materialize cnn_features for all classes"):
        assert part in run.failure
    artifacts = project.warehouse.artifacts
    assert artifacts.resolve("projection", "feature_projection") == chain.metadata("feature_projection")[None]["digest"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_components": 5000}, "5000"),
        (
            {"projection": "sparse_random_projection", "variance_fraction": 0.5},
            "variance_fraction=0.5 does not go",
        ),
    ],
)
def test_impossible_options_are_named(project: Project, changes: dict[str, Any], reason: str) -> None:
    run = project.run("feature_projection", **changes)
    assert not run.result.success
    assert reason in run.failure
