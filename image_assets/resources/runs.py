"""Runs that go on, and runs whose process has died without a word: these are ended, so that they block nothing else.

A run that is killed (out of memory, power, `kill -9`) stays "started" for Dagster, with the slot of the pool that its
step had claimed: https://docs.dagster.io/guides/operate/managing-concurrency. Each run notes its process in a tag, and
whoever starts next on the same machine ends those whose process is gone.
"""

import os
import socket
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

PROCESS_TAG = "image_assets/process"
"""Machine, process and start of the process, so that a number that is used again is not taken for the same."""
UNFINISHED = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def note_process(instance: DagsterInstance, run: DagsterRun) -> None:
    """Note in the tags of a run that this process executes it."""
    instance.add_run_tags(run.run_id, {PROCESS_TAG: _this_process()})


def unfinished_run(instance: DagsterInstance, job_name: str) -> str | None:
    """Return the id of a run of a job that waits or goes on."""
    runs = instance.get_runs(RunsFilter(job_name=job_name, statuses=UNFINISHED), limit=1)
    return runs[0].run_id if runs else None


def end_abandoned_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs as failed whose process on this machine is gone, free their slots, and return their ids."""
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])):
        noted = run.tags.get(PROCESS_TAG)
        if noted is None or not noted.startswith(f"{socket.gethostname()}/") or _lives(noted):
            continue
        instance.report_run_failed(
            run, "The process of the run was killed. What it had committed is kept; run it again for the rest."
        )
        if instance.event_log_storage.supports_global_concurrency_limits:
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        ended.append(run.run_id)
    return ended


def _this_process() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{_start_of(os.getpid())}"


def _lives(noted: str) -> bool:
    _, process, start = noted.rsplit("/", 2)
    if _start_of(int(process)) != start:
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_of(process: int) -> str:
    """Return when a process was started, in ticks since the machine was; empty if it is dead or Linux is not there."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return ""
    state, *fields = text.rsplit(")", 1)[-1].split()
    return "" if state == "Z" else fields[18]
