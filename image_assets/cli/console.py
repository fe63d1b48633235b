"""What the command line draws: progress bars and the table of results."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class Speed(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        """Draw the speed of one bar."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} images/s" if speed else "", style="cyan")


class ConsoleProgress:
    """Shows each stage as a bar: pictures done of all, pictures per second, time left."""

    def __init__(self, console: Console) -> None:
        self.bars = Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            Speed(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
        )
        self._stage = self.bars.add_task("starting", total=None, visible=False)

    def start(self, stage: str) -> None:
        """Add a bar."""
        self._stage = self.bars.add_task(stage, total=None)

    def report(self, done: int, expected: int) -> None:
        """Move the bar."""
        self.bars.update(self._stage, completed=done, total=max(expected, done) or None)

    def finish(self) -> None:
        """Leave the bar as it stands."""
        self.bars.stop_task(self._stage)
