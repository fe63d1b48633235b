"""A source of scenes that is not there, or that cannot be listed, beside pictures that are fine."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from image_assets.cli.chains.choosing import chosen_partitions
from image_assets.cli.chains.scenes import SCENES
from image_assets.errors import SourceError
from image_assets.settings import Settings
from image_assets_tests.cli.process import Workspace, error_of

assert SCENES.inspection is not None
INSPECTION = SCENES.inspection


@pytest.fixture
def unlisted(tmp_path: Path) -> Path:
    """A folder with a file that cannot be a scene."""
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes/a,b.tif").touch()
    return tmp_path / "scenes"


def test_without_the_samples_there_are_no_scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMAGE_ASSETS_SOURCE", "IMAGE_ASSETS_SCENES"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "data/fruits/Kiwi").mkdir(parents=True)
    (tmp_path / "data/fruits/Kiwi/0.jpg").touch()
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert not SCENES.with_all(settings)
    (fruits,) = chosen_partitions(settings, None, None, compare=True)
    assert (fruits.partitions, fruits.error) == (["Kiwi"], None)
    assert list(INSPECTION.failures(settings, None)) == []
    with pytest.raises(SourceError, match="'nowhere' cannot be listed"):
        SCENES.with_all(Settings(scenes="nowhere"))


def test_status_tells_of_the_classes_before_the_error(bare: Workspace, unlisted: Path) -> None:
    done = bare.image_assets("status", IMAGE_ASSETS_SCENES=str(unlisted))
    assert done.returncode == 1
    assert "never run" in done.stdout
    assert "'a,b.tif' cannot be a scene because its name contains ','" in error_of(done)
    named = bare.image_assets("status", "Kiwi", IMAGE_ASSETS_SCENES=str(unlisted))
    assert named.returncode == 0, named.stderr


def test_a_source_that_cannot_be_listed_is_a_failure_among_the_others(unlisted: Path, tmp_path: Path) -> None:
    settings = Settings(scenes=str(unlisted), warehouse=str(tmp_path / "warehouse"))
    (batch,) = INSPECTION.failures(settings, None)
    (row,) = batch.to_pylist()
    assert (row["path"], row["table"]) == (str(unlisted), "scenes")
    assert "'a,b.tif' cannot be a scene" in row["reason"]


def test_the_limit_of_what_is_decoded_as_a_whole_is_the_setting(tmp_path: Path) -> None:
    (tmp_path / "large.jpg").write_bytes(imagecodecs.jpeg_encode(np.zeros((1200, 1000), np.uint8)))
    settings = Settings(scenes=str(tmp_path), scenes_decode_mib=1)
    with pytest.raises(SourceError, match="set IMAGE_ASSETS_SCENES_DECODE_MIB to 2 or more"):
        SCENES.available(settings)
    assert SCENES.available(Settings(scenes=str(tmp_path), scenes_decode_mib=2)) == ["large.jpg"]
