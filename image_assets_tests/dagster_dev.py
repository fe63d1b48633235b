"""A real `dagster dev`, with its webserver and its daemon, over a project in a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from image_assets_tests.shared import REPOSITORY

START_SECONDS, STOP_SECONDS = 180, 20


def project_environment(root: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a project below a folder, whose Dagster instance is made in `home`.

    Args:
        root: holds `home`, `source` and `warehouse`.
        settings: more variables.
    """
    home = root / "home"
    # Dagster greets the first visitor of an instance with an invitation that covers the page: this one was seen.
    (home / ".nux").mkdir(parents=True)
    (home / ".nux/nux.yaml").write_text("seen: 1\n")
    shutil.copy(REPOSITORY / ".dagster/dagster.yaml", home)
    return {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "IMAGE_ASSETS_SOURCE": str(root / "source"),
        "IMAGE_ASSETS_WAREHOUSE": str(root / "warehouse"),
        "IMAGE_ASSETS_SPARK_MASTER": "local[1]",
        "IMAGE_ASSETS_SPARK_DRIVER_MEMORY": "1g",
        **settings,
    }


@contextmanager
def dagster_dev(root: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve the project for as long as the block runs, and hand out the address; the log is `dagster_dev.log`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", address.rsplit(":", 1)[-1]]
    log = root / "dagster_dev.log"
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [*command, "-w", REPOSITORY / "workspace.yaml"],
            # Not the repository: its .env would win over the DAGSTER_HOME of the environment.
            cwd=root,
            env=environment,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_served(address, server, log)
        yield address
    finally:
        _stop(server)


def _wait_until_served(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5) as answer:  # noqa: S310 - own server
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"dagster dev does not answer at {address}:\n{log.read_text()[-3000:]}")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """End the server and all that it started: services, runs and their JVM share its process group."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, how)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and _group_lives(server):
            time.sleep(0.2)


def _group_lives(server: "subprocess.Popen[bytes]") -> bool:
    server.poll()
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return False
    return True
