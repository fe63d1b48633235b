"""What the command line draws: progress bars and tables, for people in a terminal and for pipes.

A pipe gets no colours and no line that is broken to fit a width.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from image_assets.progress import LogProgress, Progress, unit_of

PIPE_WIDTH = 10_000


def output(*, stderr: bool = False) -> Console:
    """Return the console of a command: the terminal's width there, none in a pipe."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=PIPE_WIDTH, color_system=None)


def steady_output(*, stderr: bool = False) -> Console:
    """Return a console that goes on drawing while Dagster turns the streams of the process to its log files."""
    stream = os.fdopen(os.dup((sys.stderr if stderr else sys.stdout).fileno()), "w", encoding="utf-8")
    console = Console(file=stream)
    return console if console.is_terminal else Console(file=stream, width=PIPE_WIDTH, color_system=None)


def say(console: Console, text: str) -> None:
    """Print a line as it is: addresses and commands in it can be copied."""
    console.print(escape(text), soft_wrap=True, highlight=False)


def print_json(value: object) -> None:
    """Print a value for scripts; times are ISO 8601."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_as_json))


def _as_json(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} is no JSON")


def table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], footer: Sequence[str] | None = None
) -> Table:
    """Draw a table whose first column is a name; headings that end in `>` are of columns of numbers."""
    drawn = Table(title=escape(title), show_footer=footer is not None)
    for index, heading in enumerate(headings):
        justify: Any = "right" if heading.endswith(">") else "left"
        # A name is never cut: it is what the next command is given.
        drawn.add_column(
            heading.rstrip(">"),
            justify=justify,
            footer=escape(footer[index]) if footer else "",
            no_wrap=index == 0 or justify == "right",
            overflow="fold",
        )
    for row in rows:
        drawn.add_row(*(escape(cell) for cell in row))
    return drawn


def number(value: int | None) -> str:
    """Write a count; nothing to see is a dash."""
    return f"{value:,}" if value else "-"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Write a count with its noun, such as `1 failure` or `3 failures`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def share(value: float | None) -> str:
    """Write a share as per cent."""
    return "-" if value is None else f"{value:.2%}"


def age(time: datetime | None) -> str:
    """Write how long ago something was, such as `3 min`."""
    if time is None:
        return "-"
    seconds = max(0.0, (datetime.now(UTC) - time).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def size(value: int) -> str:
    """Write a number of bytes, such as `1.5 MiB`."""
    amount = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:,.1f} TiB"


class Speed(ProgressColumn):
    """Rows per second."""

    def render(self, task: Task) -> Text:
        """Draw the speed of one bar."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {unit_of(task.description)}/s" if speed else "", style="cyan")


class ConsoleProgress:
    """Shows each stage as a bar: pictures done of all, pictures per second, time left."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._stage = bars.add_task("starting Spark", total=None)
        self._done = 0

    def start(self, stage: str) -> None:
        """Add a bar, in place of the first one that has nothing to count."""
        self._bars.update(self._stage, visible=self._done > 0)
        self._stage, self._done = self._bars.add_task(stage, total=None), 0

    def report(self, done: int, expected: int) -> None:
        """Move the bar."""
        self._done = done
        self._bars.update(self._stage, completed=done, total=max(expected, done) or None)

    def finish(self) -> None:
        """Leave the bar full: rows that were expected and did not come have ended at an earlier stage."""
        self._bars.update(self._stage, total=self._done)
        self._bars.stop_task(self._stage)


@contextmanager
def listening(console: Console) -> Iterator[Progress]:
    """Show progress for as long as the block runs: bars in a terminal, lines where output goes to a file."""
    if not console.is_terminal:
        yield LogProgress(lambda line: console.print(line, highlight=False, soft_wrap=True))
        return
    columns = [TextColumn("{task.description:<22}"), BarColumn(bar_width=30), MofNCompleteColumn(), Speed()]
    with Bars(*columns, TimeRemainingColumn(elapsed_when_finished=True), console=console) as bars:
        yield ConsoleProgress(bars)
