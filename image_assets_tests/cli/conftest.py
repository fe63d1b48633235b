from pathlib import Path

import pytest

from image_assets_tests.assets.project import Run, write_source
from image_assets_tests.cli.process import Workspace

DAGSTER_YAML = "telemetry:\n  enabled: false\n"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A folder with real pictures, where nothing has run yet."""
    folder = tmp_path_factory.mktemp("cli")
    write_source(folder / "source")
    (folder / "home").mkdir()
    (folder / "home/dagster.yaml").write_text(DAGSTER_YAML)
    return Workspace(folder)


@pytest.fixture
def bare(tmp_path: Path) -> Workspace:
    """A folder with three classes of one file each, for commands that open no picture."""
    for name in ("Training/Kiwi", "Test/Kiwi", "Training/Cherry 1"):
        (tmp_path / "source" / name).mkdir(parents=True)
        (tmp_path / "source" / name / "0.jpg").write_bytes(b"not opened")
    return Workspace(tmp_path)


@pytest.fixture(scope="session")
def stored(chain: Run, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The pictures and tables of `chain`, for commands that only read them; files they write go to the same folder."""
    home = tmp_path_factory.mktemp("stored")
    (home / "dagster.yaml").write_text(DAGSTER_YAML)
    return Workspace(chain.project.root, {"DAGSTER_HOME": str(home)})
