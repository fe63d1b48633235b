"""Programs that start cold: a fresh process each, timed from outside to the last byte that they write."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.contestant import STARTED_AT
from benchmarks.harness.options import REPOSITORY


@dataclass(frozen=True)
class ColdRun:
    """What one process did.

    Attributes:
        started_at: epoch seconds, before the process was started.
        seconds: from there to what the contestant called its last byte.
        exit_seconds: from there to the end of the process.
        result: what it reported.
    """

    started_at: float
    seconds: float
    exit_seconds: float
    result: dict[str, Any]


class ContestantError(Exception):
    """A contestant failed."""


def run_cold(module: str, arguments: Mapping[str, Any], folder: Path, python: Path | None = None) -> ColdRun:
    """Run a module of `benchmarks.contestants` in a fresh process.

    Args:
        module: its name.
        arguments: its options; those that are None are left out, lists become several values.
        folder: for its result and its log.
        python: another interpreter.

    Raises:
        ContestantError: with the end of its log.
    """
    result, log = folder / f"{module}.json", folder / f"{module}.log"
    result.unlink(missing_ok=True)
    command = [str(python or sys.executable), "-m", f"benchmarks.contestants.{module}", "--result", str(result)]
    command += _as_options(arguments)
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "PYSPARK_PYTHON": sys.executable,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    with log.open("wb") as sink:
        started = time.time()
        environment[STARTED_AT] = repr(started)
        code = subprocess.run(
            command, cwd=REPOSITORY, env=environment, stdout=sink, stderr=subprocess.STDOUT, check=False
        ).returncode
        ended = time.time()
    if code or not result.exists():
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise ContestantError(f"{module} ended with code {code}; the end of {log}:\n{tail}")
    found = json.loads(result.read_text(encoding="utf-8"))
    return ColdRun(started, found["finished_at"] - started, ended - started, found)


def _as_options(arguments: Mapping[str, Any]) -> list[str]:
    options: list[str] = []
    for name, value in arguments.items():
        if value is None or value is False:
            continue
        options.append(f"--{name.replace('_', '-')}")
        if value is not True:
            options += [str(item) for item in value] if _is_list(value) else [str(value)]
    return options


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
