"""Resident memory of the Python workers that Spark started from this process, sampled from /proc."""

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

SAMPLE_SECONDS = 0.1
PROPORTIONAL_SAMPLE_SECONDS = 1.0
"""The kernel walks all pages of a process for its proportional memory, and stops it meanwhile."""
WORKER_COMMAND = re.compile(rb"\0-m\0\w+(\.\w+)?\.daemon\0")
"""Only of Python workers: the JVM has the name of the module in its command line, too."""


@dataclass
class Sampler:
    """Samples in a thread until the block ends; Linux only."""

    _ended: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _thread: threading.Thread | None = field(default=None, init=False, repr=False)

    every_seconds: ClassVar[float] = SAMPLE_SECONDS

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._sample_until_the_end, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _sample_until_the_end(self) -> None:
        while not self._ended.wait(self.every_seconds):
            self.sample()

    def sample(self) -> None:
        """Look once."""
        raise NotImplementedError


@dataclass
class WorkerMemory(Sampler):
    """Samples until the block ends; Linux only.

    Attributes:
        peak_resident_mib: the most that any worker had resident, mapped files included.
        peak_anonymous_mib: the most that any worker had of its own: what could run out.
        workers: processes that were seen, the one that forks them included.
    """

    peak_resident_mib: float = 0.0
    peak_anonymous_mib: float = 0.0
    workers: set[int] = field(default_factory=set)

    def sample(self) -> None:
        """Look at every worker once."""
        for process in descendants():
            try:
                if not WORKER_COMMAND.search(Path(f"/proc/{process}/cmdline").read_bytes()):
                    continue
                status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
            except (FileNotFoundError, ProcessLookupError):
                continue
            sizes = {
                key: int(rest.split()[0]) / 1024
                for key, _, rest in (line.partition(":") for line in status.splitlines())
                if key in {"VmHWM", "RssAnon"}
            }
            if sizes:  # a process that has ended and waits for its parent has none
                self.workers.add(process)
                self.peak_resident_mib = max(self.peak_resident_mib, sizes["VmHWM"])
                self.peak_anonymous_mib = max(self.peak_anonymous_mib, sizes["RssAnon"])


@dataclass
class TotalWorkerMemory(Sampler):
    """Proportional memory (shared pages divided among those that share them) of all Python workers at once; Linux only.

    Attributes:
        peak_mib: the most that all workers together had.
        peak_of_one_mib: the most that one of them had.
    """

    peak_mib: float = 0.0
    peak_of_one_mib: float = 0.0

    every_seconds: ClassVar[float] = PROPORTIONAL_SAMPLE_SECONDS

    def sample(self) -> None:
        """Look at every worker once."""
        sizes = [size for process in descendants() if (size := _proportional_mib(process))]
        self.peak_mib = max(self.peak_mib, sum(sizes))
        self.peak_of_one_mib = max([self.peak_of_one_mib, *sizes])


def _proportional_mib(process: int) -> float:
    """Return the memory of a process if it is a Python worker, else 0."""
    try:
        if not WORKER_COMMAND.search(Path(f"/proc/{process}/cmdline").read_bytes()):
            return 0.0
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def descendants() -> list[int]:
    """Return the processes that come from this one, its children's children included."""
    found: list[int] = []
    waiting = [process for task in Path("/proc/self/task").iterdir() for process in _children(task)]
    while waiting:
        process = waiting.pop()
        found.append(process)
        tasks = Path(f"/proc/{process}/task")
        try:
            waiting += [child for task in tasks.iterdir() for child in _children(task)]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _children(task: Path) -> list[int]:
    try:
        return [int(text) for text in (task / "children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
