"""Fixtures that many tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import SparkSession

from image_assets.spark.session import SparkOptions, start_session

if TYPE_CHECKING:  # Dagster takes seconds to import, and most tests do without it
    from image_assets_tests.assets.project import Project, Run
    from image_assets_tests.s3.server import S3Server


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """One Spark session for all tests that need one: its start takes seconds.

    Its workers have the credentials of the tests' S3 server, wherever that is started later: they inherit them now.
    """
    from image_assets_tests.s3.server import WRITER

    with pytest.MonkeyPatch.context() as environment:
        for name, value in WRITER.environment.items():
            environment.setenv(name, value)
        session = start_session(SparkOptions(master="local[2]", driver_memory="1g"))
    yield session
    session.stop()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[S3Server]":
    """An S3 server on loopback, started when a test first asks for it, with the credentials in the environment."""
    from image_assets_tests.s3.server import serving

    with pytest.MonkeyPatch.context() as environment, serving(tmp_path_factory.mktemp("s3")) as server:
        for name, value in server.environment.items():
            environment.setenv(name, value)
        yield server


@pytest.fixture(scope="session")
def chain(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Run]":
    """The whole fruits chain, materialized once in one run; tests read it and change nothing."""
    from dagster import DagsterInstance

    from image_assets_tests.assets.project import CLASSES, Project, write_source

    root = tmp_path_factory.mktemp("chain")
    write_source(root / "source")
    with DagsterInstance.ephemeral() as instance:
        project = Project(root, instance)
        project.register(*CLASSES)
        run = project.run(job_name="fruits", classes=CLASSES)
        assert run.result.success, run.failure
        yield run


@pytest.fixture
def project(chain: "Run", tmp_path: Path) -> "Iterator[Project]":
    """A copy of the pictures and tables of `chain` that a test may change, its classes registered, no run on record."""
    from dagster import DagsterInstance

    from image_assets_tests.assets.project import CLASSES, Project

    root = tmp_path / "project"
    shutil.copytree(chain.project.root, root, symlinks=True)
    with DagsterInstance.ephemeral() as instance:
        copy = Project(root, instance)
        copy.register(*CLASSES)
        yield copy
