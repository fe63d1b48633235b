"""Stopping a run cleanly: Ctrl-C and the signal to end.

The run works in a thread of its own, so that no signal interrupts it in the middle of a commit. A request to stop is
heard at the next report of progress, about twice a second: there the run ends, its Spark jobs are cancelled, and what
is committed is recorded. A second request cancels whatever Spark does; a third ends the process.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from image_assets.progress import Progress

Result = TypeVar("Result")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
EXIT_OFFSET = 128
"""Exit codes of a process that a signal ended, as shells count them."""
HEARD_SECONDS = 0.2


class Stop:
    """Requests to stop."""

    def __init__(self) -> None:
        self.requests = 0
        self.exit_code = 0

    @property
    def requested(self) -> bool:
        """Whether the run is to stop."""
        return self.requests > 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Count the signals that arrive while the block runs."""
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.requests += 1
        self.exit_code = EXIT_OFFSET + number
        if self.requests > 2:
            os._exit(self.exit_code)

    def watch(self, work: Callable[[], Result], on_request: Callable[[int], None]) -> Result:
        """Do the work in a thread and return its result.

        Args:
            work: what is done; it ends by itself once it has heard of the request.
            on_request: called in this thread with the number of requests, once for each.
        """
        told = 0
        with ThreadPoolExecutor(1, thread_name_prefix="run") as pool:
            future = pool.submit(work)
            while not wait([future], timeout=HEARD_SECONDS).done:
                if self.requests > told:
                    told = self.requests
                    on_request(told)
        return future.result()


class StoppableProgress:
    """Passes progress on, and ends the stage that reports it when a stop is requested.

    Args:
        progress: that is passed on to.
        stop: that may be requested.
        before_end: called before the stage is ended.
    """

    def __init__(self, progress: Progress, stop: Stop, before_end: Callable[[], None]) -> None:
        self._progress, self._stop, self._before_end = progress, stop, before_end

    def start(self, stage: str) -> None:
        """Begin a stage, unless the run is to stop."""
        self._end_if_requested()
        self._progress.start(stage)

    def report(self, done: int, expected: int) -> None:
        """Pass on, unless the run is to stop."""
        self._progress.report(done, expected)
        self._end_if_requested()

    def finish(self) -> None:
        """Pass on; a stage that was stopped is not shown as done."""
        if not self._stop.requested:
            self._progress.finish()

    def _end_if_requested(self) -> None:
        from dagster import DagsterExecutionInterruptedError

        if self._stop.requested:
            self._before_end()
            raise DagsterExecutionInterruptedError("stopped at the command line")


def cancel_spark_jobs() -> None:
    """Cancel whatever Spark does in this process."""
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is not None:
        context.cancelAllJobs()
