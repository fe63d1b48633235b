"""What a benchmark leaves behind: a table for people and JSON with the facts of the machine."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.harness.machine import facts

RESULTS = Path(__file__).parents[1] / "results"
WIDTH_OF_FILES = 130


def open_console() -> Console:
    """Return a console that does not break lines where output goes to a file."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_OF_FILES)


def print_table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table whose first column is text and whose others are numbers."""
    table = Table(*columns[:1], title=title)
    for name in columns[1:]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row))
    console.print(table)


def write_report(name: str, options: Mapping[str, Any], results: Mapping[str, Any], console: Console) -> Path:
    """Write `results/<name>.json` with options, results and machine, and say where it is."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    shown = {key: str(value) if isinstance(value, Path) else value for key, value in options.items()}
    report = {"benchmark": name, "machine": facts(), "options": shown, "results": results}
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    console.print(f"[dim]{path}[/]", highlight=False, soft_wrap=True)
    return path
