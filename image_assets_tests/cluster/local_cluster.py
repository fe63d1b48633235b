"""A Spark standalone cluster on loopback: a master and workers, each a process with a folder of its own.

    python -m image_assets_tests.cluster.local_cluster FOLDER

runs one with an S3 server until it is interrupted, and prints the variables that point the project to them
(`make cluster`). Executors use an interpreter that has the dependencies and not this package, so that what works here
works where the package arrives with the session.
"""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pyspark

from image_assets_tests.s3.server import Ports, S3Server, end_by_signals, serving

SPARK_HOME = Path(pyspark.__file__).parent
READY_SECONDS = 60
STOP_SECONDS = 30
WORKER_MEMORY = "2g"


def bare_interpreter(folder: Path) -> Path:
    """Make an environment that sees the installed dependencies, and none of what is installed as editable."""
    environment = folder / "python"
    venv.create(environment, symlinks=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)})
    Path(packages, "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return environment / "bin" / "python"


class Machine:
    """A process of the cluster that stands for a machine: its end is the end of all that it has started."""

    def __init__(self, name: str, folder: Path, arguments: list[str], environment: Mapping[str, str]) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "IMAGE_ASSETS_"))}
        own = {
            "SPARK_HOME": str(SPARK_HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder / f"{name}-local"),
            "PYTHONPATH": "",
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(SPARK_HOME / "bin" / "spark-class"), *arguments],
                cwd=folder,
                env={**inherited, **own, **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the log says something.

        Raises:
            TimeoutError: with the end of the log.
        """
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            found = re.search(pattern, self.log.read_text(errors="replace"))
            if found:
                return found
            time.sleep(0.1)
        raise TimeoutError(f"{self.name} did not say {pattern!r}:\n{self.log.read_text(errors='replace')[-2000:]}")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it and everything that it has started at once, as a power cut does."""
        for process in [*descendants(self._process.pid), self._process.pid]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait(STOP_SECONDS)


def descendants(process: int) -> list[int]:
    """Return the processes that a process has started, and those that these have, deepest first."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listing.splitlines()]
    children = [pid for pid, parent in pairs if parent == process]
    return [found for child in children for found in [*descendants(child), child]]


class LocalCluster:
    """A master and workers of one core each."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._environment = folder, dict(environment)
        self.python = bare_interpreter(folder)
        arguments = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        self.master = Machine("master", folder, arguments, {})
        self.url = self.master.wait_for(r"Starting Spark master at (spark://\S+)").group(1)
        self.workers: list[Machine] = []

    def add_worker(self) -> Machine:
        """Start a worker of one core and wait until the master knows it."""
        name = f"worker-{len(self.workers)}"
        options = ["--host", "127.0.0.1", "--cores", "1", "--memory", WORKER_MEMORY, "--webui-port", "0"]
        work = ["--work-dir", str(self.folder / f"{name}-work"), self.url]
        worker = Machine(
            name, self.folder, ["org.apache.spark.deploy.worker.Worker", *options, *work], self._environment
        )
        worker.wait_for("Successfully registered with master")
        self.workers.append(worker)
        return worker

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the project to the cluster."""
        return {
            "IMAGE_ASSETS_SPARK_MASTER": self.url,
            "IMAGE_ASSETS_SPARK_PYTHON": str(self.python),
            "IMAGE_ASSETS_SPARK_DRIVER_HOST": "127.0.0.1",
            "IMAGE_ASSETS_SPARK_EXECUTOR_MEMORY": "512m",
            "IMAGE_ASSETS_SPARK_DRIVER_MEMORY": "1g",
        }

    def stop(self) -> None:
        """End all processes."""
        for machine in [*self.workers, self.master]:
            machine.kill()


@contextmanager
def cluster(folder: Path, environment: Mapping[str, str], n_workers: int = 2) -> Iterator[LocalCluster]:
    """Run a cluster for as long as the block runs.

    Args:
        folder: of its logs and of what its machines work with.
        environment: of the workers, and so of the executors: where credentials are found.
        n_workers: of one core each.
    """
    found = LocalCluster(folder, environment)
    try:
        for _ in range(n_workers):
            found.add_worker()
        yield found
    finally:
        found.stop()


def main() -> None:
    """Run a cluster and an S3 server until interrupted."""
    end_by_signals()
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    ports = Ports(s3=8333, filer=8336, volume=8334, master=8335)
    with serving(folder / "s3", ports) as server, cluster(folder / "spark", credentials(server)) as found:
        lines = [f"export {name}={value}" for name, value in {**server.trial, **found.environment}.items()]
        sys.stdout.write("\n".join([*lines, f"# everything is in {folder}; end it with Ctrl-C", ""]))
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            signal.pause()


def credentials(server: S3Server) -> dict[str, str]:
    """The environment of the workers: credentials only, since the address of the server comes with the tasks."""
    return {name: value for name, value in server.environment.items() if name != "AWS_ENDPOINT_URL_S3"}


if __name__ == "__main__":
    main()
