"""Memory of this process and all that come from it, the JVM and the Python workers, sampled from /proc."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness.worker_memory import descendants

SAMPLE_SECONDS = 0.25


@dataclass
class TotalMemory:
    """Samples until the block ends; Linux only.

    Proportional memory (PSS) counts each page once, however many processes share it, files that are mapped included.

    Attributes:
        peak_mib: the most that all processes together had.
        peaks_mib: the most that each kind of process had: `driver`, `jvm`, and the largest `worker`.
    """

    peak_mib: float = 0.0
    peaks_mib: dict[str, float] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "TotalMemory":
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
        while not self._ended.wait(SAMPLE_SECONDS):
            self.sample()

    def sample(self) -> None:
        """Look at every process once."""
        found = [("driver", _proportional_mib("self"))]
        for process in descendants():
            kind = "jvm" if _name(process) == "java" else "worker"
            found.append((kind, _proportional_mib(str(process))))
        self.peak_mib = max(self.peak_mib, sum(size for _, size in found))
        for kind, size in found:
            self.peaks_mib[kind] = max(self.peaks_mib.get(kind, 0.0), size)


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _proportional_mib(process: str) -> float:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
