import subprocess
import sys
from pathlib import Path

import pytest

from image_assets.spark import class_archive
from image_assets.spark.java import java_executable
from image_assets.spark.session import SparkOptions, spark_configuration

JAVA_OPTIONS = "spark.driver.extraJavaOptions"


@pytest.fixture
def empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("empty_environment")
def test_without_an_archive_the_jvm_starts_as_ever() -> None:
    assert "SharedArchiveFile" not in spark_configuration(SparkOptions())[JAVA_OPTIONS]


def test_an_archive_is_used_by_local_masters_only(empty_environment: Path) -> None:
    archive = class_archive.archive_path()
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"")
    assert archive.is_relative_to(empty_environment)
    assert f"-XX:SharedArchiveFile={archive} " in spark_configuration(SparkOptions())[JAVA_OPTIONS]
    assert "SharedArchiveFile" not in spark_configuration(SparkOptions(master="spark://here:7077"))[JAVA_OPTIONS]


@pytest.mark.usefixtures("empty_environment")
def test_the_jvm_ignores_an_archive_that_does_not_fit() -> None:
    archive = class_archive.archive_path()
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"no archive of classes" * 1000)
    command = [str(java_executable()), *class_archive.java_options().split(), "-version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout == ""
    assert 'version "' in answer.stderr.splitlines()[0]
