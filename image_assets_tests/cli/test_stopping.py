import os
import signal
import threading
import time

import pytest
from dagster import DagsterExecutionInterruptedError

from image_assets.cli.stopping import Stop, StoppableProgress


class Heard:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self, stage: str) -> None:
        self.calls.append(f"start {stage}")

    def report(self, done: int, expected: int) -> None:
        self.calls.append(f"{done} of {expected}")

    def finish(self) -> None:
        self.calls.append("finish")


def test_without_a_request_progress_passes_and_the_result_comes_back() -> None:
    stop, heard = Stop(), Heard()
    progress = StoppableProgress(heard, stop, lambda: heard.calls.append("end"))

    def work() -> str:
        progress.start("raw_images")
        progress.report(1, 2)
        progress.finish()
        return "done"

    with stop.listening():
        assert stop.watch(work, lambda _: None) == "done"
    assert heard.calls == ["start raw_images", "1 of 2", "finish"]
    assert not stop.requested


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_stage_at_its_next_report(number: signal.Signals, code: int) -> None:
    stop, heard, told = Stop(), Heard(), list[int]()
    progress = StoppableProgress(heard, stop, lambda: heard.calls.append("end"))

    def work() -> None:
        assert threading.current_thread() is not threading.main_thread()
        progress.start("raw_images")
        os.kill(os.getpid(), number)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            time.sleep(0.3)
            progress.report(1, 2)

    before = signal.getsignal(number)
    with stop.listening(), pytest.raises(DagsterExecutionInterruptedError):
        stop.watch(work, told.append)
    assert signal.getsignal(number) == before
    assert stop.exit_code == code
    assert told == [1]
    progress.finish()
    assert heard.calls == ["start raw_images", "1 of 2", "end"]  # a stage that was stopped is not shown as done


def test_a_failure_of_the_work_comes_through() -> None:
    def work() -> None:
        raise ValueError("no such class")

    with pytest.raises(ValueError, match="no such class"):
        Stop().watch(work, lambda _: None)
