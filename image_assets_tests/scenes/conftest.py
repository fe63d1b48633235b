import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance
from pyspark.sql import SparkSession

from image_assets_tests.scenes.project import SCENES, Run, SceneProject, write_scenes


@pytest.fixture(scope="package")
def scene_chain(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The chain of scenes, materialized once; tests read it and change nothing."""
    root = tmp_path_factory.mktemp("scenes")
    write_scenes(root / "source")
    with DagsterInstance.ephemeral() as instance:
        project = SceneProject(root, instance)
        project.register(*SCENES)
        run = project.run(job_name="scenes", scenes=SCENES)
        assert run.result.success, run.failure
        yield run


@pytest.fixture
def scene_project(scene_chain: Run, tmp_path: Path) -> Iterator[SceneProject]:
    """A copy of scenes and tables that a test may change."""
    root = tmp_path / "project"
    shutil.copytree(scene_chain.project.root, root)
    with DagsterInstance.ephemeral() as instance:
        project = SceneProject(root, instance)
        project.register(*SCENES)
        yield project
