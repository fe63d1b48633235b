"""The whole fruits chain with its pictures and its tables on S3, by nothing but two addresses and the credentials."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, EnvVar
from pyspark.sql import SparkSession

from image_assets.automation.partitions import range_tags, register_classes
from image_assets.definitions import build_definitions
from image_assets.resources.s3 import S3Storage
from image_assets.resources.settings import resources_of
from image_assets.settings import Settings
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.assets.project import ROWS, write_source
from image_assets_tests.s3.pictures import upload
from image_assets_tests.s3.server import REGION, WRITER, S3Server
from image_assets_tests.s3.test_source import connection

CLASSES = ["Apple_Red_2", "Cherry"]


@pytest.fixture(scope="module")
def run(
    s3_server: S3Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[tuple[Path, Any]]":
    """A run of the job `fruits` whose credentials are explicit, and the folder where its instance keeps its records."""
    folder = tmp_path_factory.mktemp("run")
    upload(s3_server, write_source(folder / "source"), f"{s3_server.bucket('pictures')}/fruits")
    settings = Settings(source="s3://pictures/fruits", warehouse=f"{s3_server.bucket('warehouse')}/tables")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TEST_KEY", WRITER.access_key)
        environment.setenv("TEST_SECRET", WRITER.secret_key)
        storage = S3Storage(
            endpoint_url=s3_server.endpoint,
            region_name=REGION,
            aws_access_key_id=EnvVar("TEST_KEY"),
            aws_secret_access_key=EnvVar("TEST_SECRET"),
        )
        wired = resources_of(settings, s3=storage)
        definitions = build_definitions(settings, {name: wired[name] for name in ("s3", "source", "warehouse")})
        (folder / "home").mkdir()
        with DagsterInstance.local_temp(str(folder / "home")) as instance:
            register_classes(instance, CLASSES)
            result = definitions.resolve_job_def("fruits").execute_in_process(
                instance=instance, tags=range_tags(instance, CLASSES), raise_on_error=False
            )
            yield folder, result


@pytest.fixture(scope="module")
def warehouse(s3_server: S3Server) -> Warehouse:
    return Warehouse.at("s3://warehouse/tables", s3=connection(s3_server))


def test_every_picture_arrives(run: tuple[Path, Any], warehouse: Warehouse) -> None:
    assert run[1].success
    expected = {name: ROWS[name] for name in CLASSES}
    assert {name: found.rows for name, found in warehouse.table("raw_images").counts().items()} == expected
    for table in ("cnn_features", "reduced_features", "predictions"):
        found = {name: counts.rows for name, counts in warehouse.table(table).counts().items()}
        assert found == {name: rows - 1 for name, rows in expected.items()}
    assert warehouse.table("evaluation").read().num_rows == 4


def test_the_features_are_those_of_the_local_chain(run: tuple[Path, Any], warehouse: Warehouse, chain: Any) -> None:
    def features(table: Any) -> dict[str, list[float]]:
        rows = table.read(["path", "features"], CLASSES).to_pylist()
        return {row["path"]: row["features"] for row in rows}

    local, remote = features(chain.project.table("cnn_features")), features(warehouse.table("cnn_features"))
    assert remote == {path: pytest.approx(vector, abs=1e-5) for path, vector in local.items()}


def test_the_keys_are_in_no_record_of_the_run(run: tuple[Path, Any]) -> None:
    folder, _ = run
    files = [path for path in (folder / "home").rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    assert any(b"raw_images" in path.read_bytes() for path in files)
    assert [path for path in files if WRITER.secret_key.encode() in path.read_bytes()] == []
