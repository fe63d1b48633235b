"""Commands as processes of their own, each in a folder with pictures, tables and Dagster instance of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Workspace:
    """A working directory and the environment of its commands.

    Attributes:
        folder: working directory, with the pictures in `source`.
        environment: variables besides those that a process needs to start.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    def run(self, command: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the environment that the tests run in; an empty variable is one that is not set."""
        return subprocess.run(
            [str(BIN / command), *arguments],
            cwd=self.folder,
            env=self.variables(**variables),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def start(self, command: str, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a command whose output the test reads while it runs."""
        return subprocess.Popen(
            [str(BIN / command), *arguments],
            cwd=self.folder,
            env=self.variables(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def variables(self, **variables: str) -> dict[str, str]:
        """Return the environment of a command."""
        own = {
            "DAGSTER_HOME": str(self.folder / "home"),
            "IMAGE_ASSETS_SOURCE": str(self.folder / "source"),
            "IMAGE_ASSETS_WAREHOUSE": str(self.warehouse),
            "IMAGE_ASSETS_SPARK_MASTER": "local[2]",
            "IMAGE_ASSETS_SPARK_DRIVER_MEMORY": "1g",
            "COLUMNS": "120",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("IMAGE_ASSETS_")}
        environment = {**inherited, **own, **self.environment, **variables}
        return {name: value for name, value in environment.items() if value}

    def image_assets(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run `image-assets`."""
        return self.run("image-assets", *arguments, **variables)


def error_of(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the error that a command has printed, without the breaks of its lines."""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    start = next(i for i, line in enumerate(lines) if line.lower().startswith("error: "))
    return " ".join(" ".join(lines[start:]).split())
