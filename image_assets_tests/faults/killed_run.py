"""A run of the fruits chain in a process of its own, that kills itself at a chosen moment.

Usage: python -m image_assets_tests.faults.killed_run ROOT [MOMENT]
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dagster import DagsterInstance

from image_assets.warehouse.artifacts import ArtifactStore
from image_assets.warehouse.table import Table
from image_assets_tests.assets.project import CLASSES, Project

MOMENTS = (
    "raw_images before 1",
    "raw_images after 1",
    "decoded_frames during 2",
    "decoded_frames after 1",
    "cnn_features before 1",
    "cnn_features during 1",
    "projection before 1",
    "reduced_features after 2",
    "classifier before 1",
    "predictions during 1",
    "evaluation before 1",
)
"""What is published, whether the process dies before, while or after it is, and for the how manyth time."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(original: Callable[..., Any], name_of: Callable[..., str], moment: str) -> Callable[..., Any]:
    """Return a function that does what the original does, until the moment has come."""
    wanted, when, nth = moment.split()
    calls = iter(range(1, 1000))
    lock = threading.Lock()

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if name_of(*args) != wanted:
            return original(*args, **kwargs)
        with lock:
            now = next(calls) == int(nth)
        if now and when == "before":
            die()
        if now and when == "during":
            threading.Timer(0.004, die).start()
        result = original(*args, **kwargs)
        if now:
            die()
        return result

    return wrapper


def main(root: str, moment: str | None = None) -> int:
    """Run the chain and return the exit code."""
    if moment is not None:
        for owner, method, name_of in (
            (Table, "_transact", lambda table, *_: table.name),
            (ArtifactStore, "point", lambda _store, kind, *_: kind),
        ):
            setattr(owner, method, dying(getattr(owner, method), name_of, moment))
    with DagsterInstance.from_config(str(Path(root, "home"))) as instance:
        project = Project(Path(root), instance)
        project.register(*CLASSES)
        run = project.run(job_name="fruits", classes=CLASSES, spark_master="local[1]", spark_driver_memory="1g")
        sys.stderr.write("" if run.result.success else run.failure)
        return 0 if run.result.success else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
