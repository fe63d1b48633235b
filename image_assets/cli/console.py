"""What the command line draws: progress bars and the table of results."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from image_assets.progress import LogProgress, Progress


class Speed(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        """Draw the speed of one bar."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} images/s" if speed else "", style="cyan")


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
        yield LogProgress(lambda line: console.print(line, highlight=False))
        return
    columns = [TextColumn("{task.description:<22}"), BarColumn(bar_width=30), MofNCompleteColumn(), Speed()]
    with Bars(*columns, TimeRemainingColumn(elapsed_when_finished=True), console=console) as bars:
        yield ConsoleProgress(bars)
