"""CPU time of everything that this process has started, from /proc: what work costs on a machine that is shared."""

import os
from pathlib import Path

from benchmarks.harness.worker_memory import descendants


def cpu_seconds() -> float:
    """Return the CPU seconds that this process and its living descendants have used; Linux only."""
    return sum(_of(process) for process in [os.getpid(), *descendants()])


def busy_seconds() -> float:
    """Return the CPU seconds that all processes of the machine have used since it started; Linux only."""
    times = [int(text) for text in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return (sum(times) - times[3] - times[4]) / os.sysconf("SC_CLK_TCK")  # all but idle and iowait


def _of(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime
