"""CPU time of everything that this process has started, from /proc: what work costs on a machine that is shared."""

import os
from pathlib import Path

from benchmarks.harness.worker_memory import descendants


def cpu_seconds() -> float:
    """Return the CPU seconds that this process and its living descendants have used; Linux only."""
    return sum(_of(process) for process in [os.getpid(), *descendants()])


def _of(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime
