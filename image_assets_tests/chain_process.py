"""The whole chain as a process of its own, which a test may kill, and what must hold of its tables then."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from image_assets.s3.connection import S3Connection
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.cluster.local_cluster import descendants
from image_assets_tests.shared import REPOSITORY

COMMAND = Path(sys.executable).with_name("image-assets")
STAGES = ("raw_images", "decoded_frames", "cnn_features", "reduced_features", "predictions")
BROKEN = {"28_100"}
"""Samples that are no pictures on purpose."""
TIMEOUT_SECONDS = 600
ENDING_SECONDS = 60


def sample_pictures(folder: Path, copies: Mapping[str, int]) -> dict[str, int]:
    """Fill a folder with classes of the sample fruits, each picture several times; return the rows of each class."""
    rows = {}
    for name, count in copies.items():
        for split in ("Training", "Test"):
            target = folder / split / name
            target.mkdir(parents=True)
            pictures = sorted((REPOSITORY / "data/fruits" / split / name).glob("*_100.jpg"))
            for picture in (path for path in pictures if path.stem not in BROKEN):
                for copy in range(count):
                    shutil.copy(picture, target / f"{picture.stem}-{copy}.jpg")
        rows[name.replace(" ", "_")] = sum(1 for _ in folder.glob(f"*/{name}/*.jpg"))
    return rows


@dataclass
class ChainProcess:
    """`image-assets run` in a folder, with the Dagster configuration of the project.

    Attributes:
        folder: working directory; its `home` is the Dagster instance.
        environment: variables besides those that a process needs to start; others of the project are not inherited.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    _process: "subprocess.Popen[str] | None" = None

    def start(self, *arguments: str, **variables: str) -> None:
        """Start the command."""
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / ".dagster/dagster.yaml", home)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "IMAGE_ASSETS_"))}
        with self.output.open("w") as output:
            self._process = subprocess.Popen(
                [str(COMMAND), "run", *arguments],
                cwd=self.folder,
                env={**inherited, "DAGSTER_HOME": str(home), "COLUMNS": "200", **self.environment, **variables},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    @property
    def output(self) -> Path:
        return self.folder / "output.txt"

    @property
    def said(self) -> str:
        """What the command has printed so far."""
        return self.output.read_text(errors="replace")

    @property
    def stages_done(self) -> int:
        """Number of stages that have told their end."""
        return len(re.findall(r"^\w+: .* in [\d.,]+ s, ", self.said, re.MULTILINE))

    @property
    def running(self) -> bool:
        """Whether the command has not ended yet."""
        return self._process is not None and self._process.poll() is None

    def finish(self, timeout: float = TIMEOUT_SECONDS) -> int:
        """Wait for the end and return the exit code."""
        assert self._process is not None
        return self._process.wait(timeout)

    def run(self, *arguments: str, **variables: str) -> int:
        """Start the command and wait for its end."""
        self.start(*arguments, **variables)
        return self.finish()

    def wait_until(self, happened: Callable[[], bool], timeout: float = TIMEOUT_SECONDS) -> None:
        """Wait for something while the command runs."""
        assert self._process is not None
        deadline = time.monotonic() + timeout
        while not happened():
            assert self._process.poll() is None, f"the run ended before it happened:\n{self.said}"
            assert time.monotonic() < deadline, f"it did not happen in {timeout} s:\n{self.said}"
            time.sleep(0.05)

    def kill(self) -> None:
        """End the driver at once; what it has started is not touched, and must end by itself."""
        assert self._process is not None
        started = descendants(self._process.pid)
        self._process.kill()
        self._process.wait()
        deadline = time.monotonic() + ENDING_SECONDS
        while any(map(alive, started)):
            assert time.monotonic() < deadline, f"processes have outlived their driver: {started}"
            time.sleep(0.1)

    def clean_up(self) -> None:
        """End everything, where a test has failed in between."""
        if self._process is not None and self._process.poll() is None:
            for process in [*descendants(self._process.pid), self._process.pid]:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self._process.wait()


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    asked = ["ps", "-o", "stat=", "-p", str(process)]
    state = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")


@dataclass(frozen=True)
class Tables:
    """The tables of a warehouse, and what must hold of them.

    Attributes:
        warehouse: that holds them.
        rows: of each class.
    """

    warehouse: Warehouse
    rows: Mapping[str, int]

    def assert_readable(self) -> None:
        """Every table that exists holds each class whole, or not at all, each picture once."""
        for name in STAGES:
            table = self.warehouse.table(name)
            if table.exists():
                paths = pictures(table)
                assert set(paths) <= set(self.rows)
                for fruit_class, found in paths.items():
                    assert len(found) == self.rows[fruit_class], f"{name} of {fruit_class} is not complete"
                    assert set(found.values()) == {1}, f"{name} of {fruit_class} has pictures twice"

    def assert_complete(self) -> None:
        """Every table holds every picture exactly once."""
        self.assert_readable()
        for name in STAGES:
            assert set(pictures(self.warehouse.table(name))) == set(self.rows), name

    def assert_vacuum_removes_only_orphans(self) -> int:
        """Remove what no version names, and return how many files that were; all that a version names stays."""
        removed = 0
        for name in STAGES:
            table = self.warehouse.table(name)
            named, stored = {file.path for file in table.files()}, data_files(table)
            assert named <= stored
            table.vacuum(retention_hours=0)
            assert data_files(table) == named
            removed += len(stored - named)
        self.assert_complete()
        return removed


def pictures(table: Table) -> dict[str, "Counter[str]"]:
    """Read a whole table, and count the rows of each picture by class."""
    found: dict[str, Counter[str]] = {}
    read = table.read()
    for fruit_class, path in zip(read["fruit_class"].to_pylist(), read["path"].to_pylist(), strict=True):
        found.setdefault(fruit_class, Counter())[path] += 1
    return found


def data_files(table: Table) -> set[str]:
    """List the Parquet files below a table, whether a version names them or not."""
    from pyarrow import fs

    selector = fs.FileSelector(table.root.path, recursive=True)
    found = (info.path for info in table.root.filesystem.get_file_info(selector) if info.type == fs.FileType.File)
    relative = (path.removeprefix(f"{table.root.path}/") for path in found)
    return {path for path in relative if path.endswith(".parquet") and not path.startswith("_delta_log/")}


def tables_at(address: str | Path, rows: Mapping[str, int], s3: S3Connection | None = None) -> Tables:
    """Return the tables of the warehouse at a path or an s3:// address."""
    return Tables(Warehouse.at(address, s3=s3), rows)
