from pathlib import Path

import pytest

from image_assets.diagnosis.checks import checks_of
from image_assets.diagnosis.finding import Check, Finding, run_checks
from image_assets.errors import SourceError
from image_assets.settings import Settings
from image_assets_tests.assets.project import Run
from image_assets_tests.shared import REPOSITORY


def findings(**settings: object) -> dict[str, Finding]:
    found = run_checks(checks_of(Settings(**settings)))  # type: ignore[arg-type]
    return {finding.name: finding for finding in found}


def test_all_is_well_with_the_sample_data(chain: Run) -> None:
    project = chain.project
    found = findings(source=str(project.source), warehouse=str(project.root / "warehouse"))
    assert list(found) == ["settings", "Java", "memory", "weights", "engine", "source", "warehouse", "disk"]
    assert {finding.state for finding in found.values()} <= {"ok", "warn"}
    assert found["source"].message == f"{project.source}: 3 classes (Apple_Red_1, Apple_Red_2, Cherry)"
    assert found["warehouse"].message == f"{project.root}/warehouse can be written, 3 classes in it"
    assert "efficientnet_lite0: " in found["weights"].message


def test_one_thing_that_fails_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = findings(
        source=str(tmp_path / "nowhere"),
        warehouse=str(tmp_path / "file/warehouse"),
        backbone="efficientnet_b1",
        weights_dir=tmp_path,
    )
    assert found["source"].state == "fail"
    assert "set IMAGE_ASSETS_SOURCE" in found["source"].remedy
    assert found["warehouse"].state == "fail"
    assert "IMAGE_ASSETS_WAREHOUSE" in found["warehouse"].remedy
    assert (found["weights"].state, found["weights"].remedy) == ("fail", "set IMAGE_ASSETS_FRAME_SIZE=240")
    assert found["Java"].state == "ok"


def test_the_warehouse_is_left_as_it_was(tmp_path: Path) -> None:
    assert findings(source=str(REPOSITORY / "data/fruits"), warehouse=str(tmp_path / "new"))["warehouse"].state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_weights_that_must_be_downloaded_are_told_beforehand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = findings(backbone="mobilenet_v2")["weights"]
    assert found.state == "warn"
    assert "IMAGE_ASSETS_WEIGHTS_DIR" in found.remedy
    missing = findings(weights_file=tmp_path / "none.h5")["weights"]
    assert missing.state == "fail"
    assert "none.h5 cannot be read" in missing.message


def test_an_error_is_a_finding_with_its_remedy() -> None:
    def look() -> Finding:
        raise SourceError("the folder is gone: bring it back")

    assert Check("source", look).run() == Finding("source", "fail", "the folder is gone", "bring it back")
