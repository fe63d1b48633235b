"""The chain on a cluster whose machines share nothing but the S3 server, and a machine that is lost on the way."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_assets_tests.chain_process import STAGES, ChainProcess, Tables, sample_pictures, tables_at
from image_assets_tests.cluster.local_cluster import LocalCluster
from image_assets_tests.s3.pictures import upload
from image_assets_tests.s3.server import WRITER, S3Server
from image_assets_tests.s3.test_source import connection
from image_assets_tests.shared import REPOSITORY

pytestmark = pytest.mark.cluster

COPIES = {"Cherry": 8, "Banana": 8}
PACKED = REPOSITORY / "build/environment.tar.gz"
IN_THE_MIDDLE_SECONDS = 1.0
"""The tasks of the feature stage take at least twice that."""


@pytest.fixture
def chain(s3_server: S3Server, spark_cluster: LocalCluster, tmp_path: Path) -> Iterator[tuple[ChainProcess, Tables]]:
    rows = sample_pictures(tmp_path / "source", COPIES)
    bucket = s3_server.bucket(f"{tmp_path.name.replace('_', '-')[:40]}".strip("-"))
    upload(s3_server, tmp_path / "source", f"{bucket}/pictures")
    addresses = {"IMAGE_ASSETS_SOURCE": f"{bucket}/pictures", "IMAGE_ASSETS_WAREHOUSE": f"{bucket}/tables"}
    events = tmp_path / "events"
    events.mkdir()
    logged = {"enabled": "true", "dir": f"file://{events}", "compress": "false"}
    extra = json.dumps({f"spark.eventLog.{name}": value for name, value in logged.items()})
    environment = {**s3_server.environment, **spark_cluster.environment, **addresses}
    process = ChainProcess(tmp_path, {**environment, "IMAGE_ASSETS_SPARK_EXTRA": extra})
    try:
        yield process, tables_at(f"{bucket}/tables", rows, connection(s3_server))
    finally:
        process.clean_up()


def test_a_cluster_that_shares_nothing_but_s3_computes_the_chain(
    chain: tuple[ChainProcess, Tables], spark_cluster: LocalCluster, tmp_path: Path
) -> None:
    process, tables = chain
    assert process.run() == 0, process.said
    tables.assert_complete()
    shipped = list(spark_cluster.folder.glob("worker-*-work/*/*/image_assets-*.zip"))
    assert {path.parents[2].name for path in shipped} == {"worker-0-work", "worker-1-work"}
    logs = [path for folder in (tmp_path, spark_cluster.folder) for path in folder.rglob("*") if path.is_file()]
    assert any(b"SparkListenerEnvironmentUpdate" in path.read_bytes() for path in logs)
    assert [path for path in logs if WRITER.secret_key.encode() in path.read_bytes()] == []


@pytest.mark.skipif(not PACKED.exists(), reason="make environment has not packed it")
def test_a_packed_environment_is_all_that_the_machines_need(
    chain: tuple[ChainProcess, Tables], spark_cluster: LocalCluster
) -> None:
    process, tables = chain
    packed = {"IMAGE_ASSETS_SPARK_ARCHIVES": f"{PACKED}#environment"}
    assert process.run(**packed, IMAGE_ASSETS_SPARK_PYTHON="./environment/bin/python") == 0, process.said
    tables.assert_complete()
    unpacked = list(spark_cluster.folder.glob("worker-*-work/*/*/environment/bin/python"))
    assert {path.parents[4].name for path in unpacked} == {"worker-0-work", "worker-1-work"}


def test_a_machine_that_is_lost_in_the_feature_stage_loses_nothing(
    chain: tuple[ChainProcess, Tables], spark_cluster: LocalCluster, tmp_path: Path
) -> None:
    process, tables = chain
    features = tables.warehouse.table("cnn_features")
    bucket, key = tables.warehouse.root.path.split("/", 1)
    client = features.root.s3.client()  # type: ignore[union-attr]

    def the_network_is_there() -> bool:
        found = client.list_objects_v2(Bucket=bucket, Prefix=f"{key}/_artifacts/").get("Contents", [])
        return any(item["Key"].endswith(".onnx") for item in found)

    process.start()
    process.wait_until(the_network_is_there)  # the tasks of the feature stage follow at once
    time.sleep(IN_THE_MIDDLE_SECONDS)
    assert not features.exists(), "the machine was to be lost before anything of the stage is committed"
    spark_cluster.workers[0].kill()
    assert process.finish() == 0, process.said
    assert any(
        b"ExecutorLostFailure" in path.read_bytes() for path in (tmp_path / "events").rglob("*") if path.is_file()
    )
    tables.assert_complete()
    tables.assert_vacuum_removes_only_orphans()
    assert {name: tables.warehouse.table(name).exists() for name in STAGES} == dict.fromkeys(STAGES, True)
