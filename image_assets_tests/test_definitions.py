"""The definitions as a whole.

What a unit test of one asset cannot see is whether Dagster will find it, and whether people will: that an asset is in
no module that is loaded, has lost its group, or has columns that differ from its table shows up here and not in a run.
"""

from typing import Any

import pytest
from dagster import (
    AssetKey,
    AssetSpec,
    Backoff,
    Definitions,
    DynamicPartitionsDefinition,
    TableSchema,
    in_process_executor,
)

from image_assets.automation.partitions import FRUIT_CLASS, RECORDING, SCENE
from image_assets.contracts import TABLES
from image_assets.definitions import build_definitions, defs
from image_assets.errors import SettingsError
from image_assets.resources.warehouse import WarehouseResource
from image_assets.settings import Settings

PARTITIONED: dict[str, set[str]] = {
    "raw_images": {"fruit_classes"},
    "decoded_frames": {"raw_images"},
    "cnn_features": {"decoded_frames"},
    "reduced_features": {"cnn_features", "feature_projection"},
    "predictions": {"reduced_features", "fruit_classifier"},
    "imagenet_predictions": {"decoded_frames"},
    "labelled_pictures": {"decoded_frames", "imagenet_predictions"},
}
UNPARTITIONED: dict[str, set[str]] = {
    "fruit_classes": set(),
    "feature_projection": {"cnn_features"},
    "fruit_classifier": {"reduced_features"},
    "evaluation": {"predictions"},
    "near_duplicates": {"cnn_features"},
    "reduced_features_export": {"reduced_features"},
    "predictions_export": {"predictions"},
    "report": {"decoded_frames", "evaluation", "near_duplicates"},
}
SCENES: dict[str, set[str]] = {
    "scenes": set(),
    "source_tiles": {"scenes"},
    "reconstructed_tiles": {"source_tiles"},
    "tile_statistics": {"reconstructed_tiles"},
    "scene_preview": {"source_tiles", "reconstructed_tiles"},
    "reconstructed_scene": {"reconstructed_tiles"},
}
UPSTREAM = {**PARTITIONED, **UNPARTITIONED}
RECORDINGS: dict[str, set[str]] = {
    "recordings": set(),
    "recording_frames": {"recordings"},
    "frame_projections": {"recording_frames"},
    "pixel_series": {"recording_frames"},
    "series_features": {"pixel_series"},
    "time_covariance": {"pixel_series"},
    "series_clusters": {"pixel_series"},
    "std_map": {"series_features"},
    "phase_map": {"series_features"},
    "cluster_map": {"series_clusters"},
}
IMAGENET = {"imagenet_predictions", "labelled_pictures"}


def specs() -> list[AssetSpec]:
    return list(defs.resolve_all_asset_specs())


def test_every_asset_is_found_with_what_it_depends_on() -> None:
    found = {
        spec.key.to_user_string(): {dep.asset_key.to_user_string() for dep in spec.deps}
        for spec in specs()
        if spec.group_name in {"fruits", "imagenet"}
    }
    assert found == UPSTREAM


def test_the_recordings_chain_is_a_group_with_a_partition_per_recording() -> None:
    found = {
        spec.key.to_user_string(): {dep.asset_key.to_user_string() for dep in spec.deps}
        for spec in specs()
        if spec.group_name == "recordings"
    }
    assert found == RECORDINGS
    for name in RECORDINGS:
        definition = defs.resolve_assets_def(name)
        assert definition.op.pool == "spark"
        if name == "recordings":
            assert definition.partitions_def is None
        else:
            assert isinstance(definition.partitions_def, DynamicPartitionsDefinition)
            assert definition.partitions_def.name == RECORDING
            assert definition.backfill_policy is not None


def test_tables_of_recordings_are_in_the_catalogue() -> None:
    for name in RECORDINGS.keys() & TABLES.keys():
        schema: Any = spec_of(name).metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == TABLES[name].names
        assert all(column.description for column in schema.columns)


def test_chains_are_groups() -> None:
    groups = {spec.key.to_user_string(): spec.group_name for spec in specs() if spec.key.to_user_string() in UPSTREAM}
    assert groups == {name: "imagenet" if name in IMAGENET else "fruits" for name in UPSTREAM}


def test_the_chain_of_scenes_is_a_group_partitioned_by_scene() -> None:
    group = [spec for spec in specs() if spec.group_name == "scenes"]
    assert {
        spec.key.to_user_string(): {dep.asset_key.to_user_string() for dep in spec.deps} for spec in group
    } == SCENES
    for name in set(SCENES) - {"scenes"}:
        definition = defs.resolve_assets_def(name)
        assert isinstance(definition.partitions_def, DynamicPartitionsDefinition)
        assert definition.partitions_def.name == SCENE
        assert definition.backfill_policy is not None
        assert definition.backfill_policy.max_partitions_per_run is None
        assert definition.op.pool == "spark"


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: spec.key.to_user_string())
def test_every_asset_says_what_it_is_and_whose(spec: AssetSpec) -> None:
    assert spec.description
    assert len(spec.description) > 40
    assert spec.owners == ["team:image-assets"]
    assert spec.kinds
    assert spec.code_version


def test_kinds_say_what_an_asset_is_made_with() -> None:
    kinds = {spec.key.to_user_string(): spec.kinds for spec in specs()}
    assert kinds["fruit_classes"] == {"dagster"}
    assert kinds["decoded_frames"] == {"spark", "deltalake", "pillow"}
    assert {"spark", "deltalake", "keras", "openvino"} == kinds["cnn_features"]
    assert all({"spark", "deltalake"} <= kinds[name] for name in PARTITIONED)


@pytest.mark.parametrize("name", [*PARTITIONED, *sorted(set(SCENES) - {"scenes"})])
def test_columns_in_the_catalogue_are_those_of_the_table(name: str) -> None:
    schema: Any = spec_of(name).metadata["dagster/column_schema"]
    assert isinstance(schema, TableSchema)
    assert [(column.name, column.type) for column in schema.columns] == [
        (field.name, str(field.type)) for field in TABLES[name]
    ]
    assert all(column.description for column in schema.columns)


@pytest.mark.parametrize("name", ["evaluation", "near_duplicates"])
def test_columns_of_tables_of_all_classes_are_in_the_catalogue(name: str) -> None:
    schema: Any = spec_of(name).metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == TABLES[name].names


def spec_of(name: str) -> AssetSpec:
    return next(spec for spec in specs() if spec.key == AssetKey(name))


def test_tables_of_a_class_are_partitioned_by_it_and_a_range_is_one_run() -> None:
    for name in UPSTREAM:
        definition = defs.resolve_assets_def(name)
        if name in PARTITIONED:
            assert isinstance(definition.partitions_def, DynamicPartitionsDefinition)
            assert definition.partitions_def.name == FRUIT_CLASS
            assert definition.backfill_policy is not None
            assert definition.backfill_policy.max_partitions_per_run is None
        else:
            assert definition.partitions_def is None


def test_assets_that_use_spark_wait_for_each_other() -> None:
    assert {defs.resolve_assets_def(name).op.pool for name in UPSTREAM} == {"spark"}


@pytest.mark.parametrize(
    ("job", "assets"),
    [
        ("fruits", set(UPSTREAM) - IMAGENET),
        ("imagenet", IMAGENET),
        ("scenes", set(SCENES)),
        ("recordings", set(RECORDINGS)),
    ],
)
def test_jobs_cover_a_chain_in_one_process(job: str, assets: set[str]) -> None:
    found = defs.resolve_job_def(job)
    assert {key.to_user_string() for key in found.asset_layer.executable_asset_keys} == assets
    assert found.executor_def is in_process_executor
    assert found.description


def test_every_table_that_comes_from_another_is_checked_for_lost_rows() -> None:
    checks = {
        (spec.asset_key.to_user_string(), spec.name): spec.blocking
        for definition in defs.resolve_asset_graph().asset_check_keys
        for spec in [defs.resolve_asset_graph().get_check_spec(definition)]
    }
    balanced = {table for table, name in checks if name == "counts_balance"}
    assert balanced == set(PARTITIONED) - {"raw_images"}
    assert all(blocking for (_, name), blocking in checks.items() if name == "counts_balance")


def test_leakage_is_checked_and_stops_nothing() -> None:
    graph = defs.resolve_asset_graph()
    [key] = [key for key in graph.asset_check_keys if key.name == "no_leakage"]
    assert key.asset_key == AssetKey("near_duplicates")
    assert not graph.get_check_spec(key).blocking


def test_resources_can_be_replaced() -> None:
    other = WarehouseResource(root="elsewhere", target_file_mib=128)
    definitions = build_definitions(Settings(warehouse="here", source="there"), {"warehouse": other})
    resources = definitions.resources or {}
    assert resources["warehouse"] is other
    assert resources["source"].address == "there"


def test_an_engine_that_cannot_be_is_refused_before_anything_runs() -> None:
    with pytest.raises(SettingsError, match="onnxruntime does not compute in bfloat16"):
        build_definitions(Settings(engine="onnxruntime", engine_precision="bfloat16"))
    with pytest.raises(SettingsError, match="openvino does not run on the device cuda"):
        build_definitions(Settings(device="cuda"))


def test_definitions_are_valid() -> None:
    Definitions.validate_loadable(build_definitions(Settings()))


@pytest.mark.parametrize("name", [*UPSTREAM, *SCENES, *RECORDINGS])
def test_every_asset_is_tried_again_but_not_in_vain(name: str) -> None:
    op = defs.resolve_assets_def(name).op
    policy = op.retry_policy
    assert policy is not None
    assert (policy.max_retries, policy.delay, policy.backoff) == (2, 20, Backoff.EXPONENTIAL)
    compute: Any = op.compute_fn
    assert hasattr(compute.decorated_fn, "__wrapped__"), "no_vain_retries"


def test_every_check_is_tried_again_but_not_in_vain() -> None:
    checks = list(defs.asset_checks or [])
    assert len(checks) > 20
    for op in (check.op for check in checks):
        assert op.retry_policy == defs.resolve_assets_def("raw_images").op.retry_policy, op.name
        compute: Any = op.compute_fn
        assert hasattr(compute.decorated_fn, "__wrapped__"), op.name
