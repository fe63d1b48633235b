import io
import subprocess
import sys

from rich.console import Console

from image_assets.cli.console import ConsoleProgress, listening
from image_assets.progress import LogProgress


def played(console: Console, *stages: tuple[str, int, int]) -> None:
    with listening(console) as progress:
        for name, done, expected in stages:
            progress.start(name)
            progress.report(0, expected)
            progress.report(done, expected)
            progress.finish()


def test_a_terminal_gets_a_bar_for_each_stage() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with listening(console) as progress:
        assert isinstance(progress, ConsoleProgress)
    played(console, ("raw_images", 28, 28), ("cnn_features", 25, 28))
    last = screen.getvalue().split("\x1b[2K")[-2:]
    shown = " ".join(" ".join(last).split())
    assert "raw_images" in shown
    assert "28/28" in shown
    assert "25/25" in shown  # failures have ended at an earlier stage: the bar is full all the same
    assert "starting Spark" not in shown


def test_a_file_gets_lines() -> None:
    file = io.StringIO()
    console = Console(file=file, width=120)
    with listening(console) as progress:
        assert isinstance(progress, LogProgress)
    played(console, ("raw_images", 28, 28))
    (line,) = file.getvalue().splitlines()
    assert line.startswith("raw_images: 28 pictures in ")


def test_a_run_goes_on_drawing_while_dagster_has_the_streams() -> None:
    code = (
        "import os; from image_assets.cli.console import steady_output; console = steady_output();"
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 1); console.print('cnn_features: 25 pictures')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "cnn_features: 25 pictures\n"
