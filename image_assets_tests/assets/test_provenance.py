import json
from typing import Any

import pytest

from image_assets_tests.assets.project import CLASSES, Project, Run

PARTITIONED = ["raw_images", "decoded_frames", "cnn_features", "reduced_features", "predictions"]


def commits(run: Run, table: str) -> list[dict[str, Any]]:
    history = run.project.table(table).snapshot().history()
    return [entry for entry in history if entry["operation"] == "WRITE"]


@pytest.mark.parametrize("table", [*PARTITIONED, "evaluation"])
def test_each_commit_names_its_run(chain: Run, table: str) -> None:
    found = commits(chain, table)
    assert len(found) == (1 if table == "evaluation" else len(CLASSES))
    assert {entry["dagster_run"] for entry in found} == {chain.result.run_id}


def test_each_commit_names_what_it_was_computed_with(chain: Run) -> None:
    def recorded(table: str, name: str) -> Any:
        values = {json.loads(entry["configuration"])[name] for entry in commits(chain, table)}
        assert len(values) == 1
        return values.pop()

    assert recorded("raw_images", "source") == str(chain.project.source)
    assert (recorded("decoded_frames", "frame_size"), recorded("decoded_frames", "alpha")) == (224, "white")
    assert recorded("cnn_features", "backbone").startswith("efficientnet_lite0/pooled/")
    projection = chain.metadata("feature_projection")[None]["digest"][:12]
    classifier = chain.metadata("fruit_classifier")[None]["digest"][:12]
    assert recorded("reduced_features", "projection") == f"pca-14/{projection}"
    assert (recorded("predictions", "classifier"), recorded("predictions", "target")) == (classifier, "fruit_class")


@pytest.mark.parametrize("table", PARTITIONED)
def test_metadata_holds_the_version_of_the_commit_of_each_class(chain: Run, table: str) -> None:
    versions = {name: found["delta_version"] for name, found in chain.metadata(table).items()}
    assert set(versions) == set(CLASSES)
    assert sorted(versions.values()) == [1, 2, 3]
    for name, version in versions.items():
        assert name is not None
        added = chain.project.table(table).snapshot(version).get_add_actions(flatten=True)
        before = chain.project.table(table).snapshot(version - 1).get_add_actions(flatten=True)
        new = set(added["path"].to_pylist()) - set(before["path"].to_pylist())
        assert new == {file.path for file in chain.project.table(table).files([name])}


@pytest.mark.parametrize("table", PARTITIONED)
def test_the_data_version_is_that_of_the_table_after_the_run(chain: Run, table: str) -> None:
    tags = chain.tags(table)
    assert {found["dagster/data_version"] for found in tags.values()} == {str(chain.project.table(table).version())}
    assert {found["dagster/code_version"] for found in tags.values()} == {"1"}


def test_artifacts_have_their_digest_as_data_version_and_name_the_features_they_were_fitted_on(chain: Run) -> None:
    for asset, kind, source in (
        ("feature_projection", "projection", "cnn_features"),
        ("fruit_classifier", "classifier", "reduced_features"),
    ):
        digest, artifact = chain.project.warehouse.artifacts.latest(kind, asset)
        assert chain.tags(asset)[None]["dagster/data_version"] == digest
        assert artifact.metadata["features_version"] == chain.project.table(source).version()
        assert chain.metadata(asset)[None]["fitted"]["features_version"] == chain.project.table(source).version()


def test_each_stage_names_the_version_that_it_read(chain: Run) -> None:
    for table, source in zip(PARTITIONED[1:], PARTITIONED, strict=False):
        versions = {found[f"{source}_version"] for found in chain.metadata(table).values()}
        assert versions == {chain.project.table(source).version()}
    report = chain.metadata("report")[None]
    assert report["predictions_version"] == chain.project.table("predictions").version()
    assert report["configuration"] == {}


def test_classes_of_one_run_have_one_configuration_and_its_digest(chain: Run) -> None:
    for table in PARTITIONED:
        metadata = chain.metadata(table)
        assert len({json.dumps(found["configuration"], sort_keys=True) for found in metadata.values()}) == 1
        (digest,) = {found["configuration_digest"] for found in metadata.values()}
        assert len(digest) == 12
        assert {found["code_version"] for found in metadata.values()} == {"1"}


def test_another_setting_is_another_digest(project: Project) -> None:
    def digest(**settings: Any) -> str:
        run = project.run("decoded_frames", classes=["Cherry"], **settings)
        return str(run.metadata("decoded_frames")["Cherry"]["configuration_digest"])

    first = digest(frame_size=16)
    assert digest(frame_size=16) == first
    assert digest(frame_size=16, alpha="drop") != first


@pytest.mark.parametrize(
    "asset",
    [
        *PARTITIONED,
        "feature_projection",
        "fruit_classifier",
        "evaluation",
    ],
)
def test_every_result_can_be_traced(chain: Run, asset: str) -> None:
    for found in chain.metadata(asset).values():
        assert {"configuration", "configuration_digest", "code_version"} <= found.keys()
