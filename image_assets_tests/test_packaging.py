"""What an installation that is not editable has of the package, as in a container."""

import tomllib
from pathlib import Path

import image_assets
from image_assets_tests.shared import REPOSITORY


def test_every_file_of_the_package_is_installed_with_it() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["image_assets"]
    package = Path(image_assets.__file__).parent
    files = [path.relative_to(package) for path in package.rglob("*") if path.is_file()]
    others = [path for path in files if path.suffix not in {".py", ".pyc"}]
    assert Path("spark/log4j2.properties") in others
    assert [path for path in others if not any(path.match(pattern) for pattern in patterns)] == []
