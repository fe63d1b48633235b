"""The examples of docs/scenes.md run, on the tables of the tests."""

import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from image_assets.tiles import reconstruction
from image_assets_tests.scenes.project import Run
from image_assets_tests.shared import REPOSITORY

PAGE = (REPOSITORY / "docs/scenes.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("code", CODE, ids=[block.split("\n")[0] for block in CODE])
def test_the_examples_run(
    code: str,
    scene_chain: Run,
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/warehouse").symlink_to(scene_chain.project.root / "warehouse")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reconstruction, "_FACTORIES", dict(reconstruction._FACTORIES))
    exec(compile(code, "docs/scenes.md", "exec"), {})  # noqa: S102 - our own page
    if "register(" in code:
        assert "local_maximum" in reconstruction.registered_reconstructions()
    else:
        assert "12" in capsys.readouterr().out  # tiles of the first scene


def test_every_reconstruction_is_on_the_page() -> None:
    for name in ("gaussian", "median", "unsharp", "clip_and_sum"):
        assert f"| `{name}` |" in PAGE
