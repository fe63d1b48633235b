"""The other side of `cold`: how a contestant takes its options and reports. Standard library only."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

STARTED_AT = "BENCHMARK_STARTED_AT"


def contestant_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all contestants have."""
    result = argparse.ArgumentParser(description=(description or "").strip().split("\n", maxsplit=1)[0])
    result.add_argument("--result", type=Path, required=True, help="the JSON file to write")
    result.add_argument("--source", type=Path, required=True, help="folder of pictures")
    return result


def started_at() -> float:
    """Return when the process was started, in epoch seconds, as its parent says."""
    return float(os.environ[STARTED_AT])


def report(arguments: argparse.Namespace, finished_at: float, **values: Any) -> None:
    """Write the result.

    Args:
        arguments: what `contestant_parser` gave.
        finished_at: when the last byte of features was written, in epoch seconds.
        **values: anything JSON can hold.
    """
    arguments.result.write_text(json.dumps({"finished_at": finished_at, **values}), encoding="utf-8")
