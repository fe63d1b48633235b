import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from image_assets_tests.shared import REPOSITORY

if TYPE_CHECKING:
    from image_assets_tests.assets.project import Run

README = (REPOSITORY / "README.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", README + (REPOSITORY / "docs/command.md").read_text(), re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("code", CODE, ids=[block.split("\n")[0] for block in CODE])
def test_the_examples_of_reading_tables_run(code: str, chain: "Run", tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/warehouse").symlink_to(chain.project.root / "warehouse")
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


def test_the_make_targets_exist() -> None:
    targets = {word for command in COMMANDS for word in re.findall(r"make ([a-z]+)", command)}
    assert targets >= {"run", "test", "dev"}
    for target in targets:
        answer = subprocess.run(["make", "-n", target], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr


def test_links_lead_somewhere() -> None:
    pages = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")]
    missing = [
        (page.name, link)
        for page in pages
        for link in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("command", sorted({c for c in COMMANDS if c.startswith(("dagster ", "image-assets "))}))
def test_the_options_of_the_commands_exist(command: str) -> None:
    words = shlex.split(command)
    options = [word for word in words if word.startswith("--")]
    verbs = words[: next((i for i, word in enumerate(words) if word.startswith("-")), 2)]
    names = [word for word in verbs[:3] if re.fullmatch(r"[a-z-]+", word)]
    executable = Path(sys.executable).with_name(names[0])
    answer = subprocess.run([executable, *names[1:], "--help"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert all(option in answer.stdout for option in options)
