"""Memory of this process and all that come from it, the JVM and the Python workers, sampled from /proc."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from benchmarks.harness.worker_memory import Sampler, descendants

SAMPLE_SECONDS = 0.25


@dataclass
class TotalMemory(Sampler):
    """Samples until the block ends; Linux only.

    Proportional memory (PSS) counts each page once, however many processes share it, files that are mapped included.

    Attributes:
        peak_mib: the most that all processes together had.
        peaks_mib: the most that each kind of process had: `driver`, `jvm`, and the largest `worker`.
    """

    peak_mib: float = 0.0
    peaks_mib: dict[str, float] = field(default_factory=dict)
    every_seconds: ClassVar[float] = SAMPLE_SECONDS

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
