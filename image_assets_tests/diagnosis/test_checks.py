from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image

from image_assets.diagnosis.checks import checks_of
from image_assets.diagnosis.finding import Check, Finding, run_checks
from image_assets.diagnosis.network import engine, version_of
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


def test_scenes_recordings_and_exports_are_looked_at_where_they_are_asked_for(tmp_path: Path) -> None:
    data = REPOSITORY / "data"
    asked = {"scenes": str(data / "scenes"), "recordings": str(data / "recordings"), "exports": str(tmp_path / "out")}
    found = findings(source=str(data / "fruits"), warehouse=str(tmp_path), **asked)
    assert found["scenes"] == Finding("scenes", "ok", f"{data}/scenes: fruit_table.tif")
    assert found["recordings"] == Finding("recordings", "ok", f"{data}/recordings: neurons")
    assert found["exports"] == Finding("exports", "ok", f"{tmp_path}/out can be written")
    assert list(tmp_path.iterdir()) == []


def test_scenes_and_recordings_that_a_run_would_refuse_are_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes/broken.tif").write_bytes(b"no TIFF")
    (tmp_path / "recordings/one").mkdir(parents=True)
    (tmp_path / "recordings/one/recording.json").write_text('{"period": 20}')
    Image.new("L", (4, 4)).save(tmp_path / "recordings/one/t0.png")
    (tmp_path / "file").touch()
    places = {name: str(tmp_path / name) for name in ("scenes", "recordings")}
    found = findings(warehouse=str(tmp_path), exports=str(tmp_path / "file/exports"), **places)
    assert found["scenes"].state == "warn"
    assert "broken.tif" in found["scenes"].message
    assert found["recordings"].state == "fail"
    assert "recording.json does not describe a recording" in found["recordings"].message
    assert found["exports"].state == "fail"
    assert "IMAGE_ASSETS_EXPORTS" in found["exports"].remedy

    (tmp_path / "empty").mkdir()
    nothing = findings(scenes=str(tmp_path / "empty"), recordings="s3://bucket/recordings")
    assert nothing["scenes"].message == f"{tmp_path}/empty holds no scene: a run leaves them out"
    assert nothing["recordings"].message == "s3://bucket/recordings is no folder: a run leaves them out"
    assert findings(scenes=str(tmp_path / "nowhere"))["scenes"].state == "fail"
    (tmp_path / "scenes/broken.tif").unlink()
    Image.new("L", (1500, 1000)).save(tmp_path / "scenes/large.jpg")
    large = findings(scenes=places["scenes"], scenes_decode_mib=1)["scenes"]
    assert large.message.endswith("set IMAGE_ASSETS_SCENES_DECODE_MIB to 2 or more")


def test_samples_that_are_not_there_stop_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMAGE_ASSETS_SOURCE", "IMAGE_ASSETS_SCENES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    found = findings()["scenes"]
    assert (found.state, found.message) == ("warn", "data/scenes is no folder: a run leaves them out")


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


def test_the_engine_may_come_with_another_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, file, content in (
        ("fast_engine", "__init__.py", ""),
        ("fast_engine_gpu-3.1.dist-info", "METADATA", "Metadata-Version: 2.1\nName: fast-engine-gpu\nVersion: 3.1\n"),
        ("fast_engine_gpu-3.1.dist-info", "top_level.txt", "fast_engine\n"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / file).write_text(content)

    missing = engine(Settings().model_copy(update={"engine": "fast_engine"}))
    assert (missing.state, missing.message) == ("fail", "the package fast_engine is not installed")
    monkeypatch.syspath_prepend(tmp_path)
    assert version_of("fast_engine") == "fast_engine 3.1 (fast-engine-gpu)"
    assert engine(Settings()).message == f"openvino {version('openvino')} on cpu"


def test_an_engine_that_does_not_run_on_the_device_is_a_finding() -> None:
    found = findings(device="cuda")["engine"]
    assert (found.state, found.message) == (
        "fail",
        "The engine openvino does not run on the device cuda; choose the engine onnxruntime",
    )


def test_a_precision_that_the_machine_does_not_have_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    import openvino

    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32", "BF16"])
    assert findings(engine_precision="bfloat16")["engine"].message.endswith("on cpu in bfloat16")
    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32"])
    missing = findings(engine_precision="bfloat16")["engine"]
    assert missing.state == "fail"
    assert "no instructions for it in this processor" in missing.message


def test_an_error_is_a_finding_with_its_remedy() -> None:
    def look() -> Finding:
        raise SourceError("the folder is gone: bring it back")

    assert Check("source", look).run() == Finding("source", "fail", "the folder is gone", "bring it back")
