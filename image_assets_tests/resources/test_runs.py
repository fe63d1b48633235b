import socket
import subprocess
import sys

from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from image_assets.resources.runs import PROCESS_TAG, end_abandoned_runs, note_process


def started(instance: DagsterInstance, **tags: str) -> str:
    run = create_run_for_test(instance, job_name="fruits", status=DagsterRunStatus.STARTED, tags=tags)
    return str(run.run_id)


def test_a_run_whose_process_is_gone_is_ended_and_others_are_not() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with DagsterInstance.ephemeral() as instance:
        dead = started(instance, **{PROCESS_TAG: f"{socket.gethostname()}/{ended.pid}/1"})
        elsewhere = started(instance, **{PROCESS_TAG: f"another-machine/{ended.pid}/1"})
        unknown = started(instance)
        alive = started(instance)
        run = instance.get_run_by_id(alive)
        assert run is not None
        note_process(instance, run)

        assert end_abandoned_runs(instance) == [dead]
        assert end_abandoned_runs(instance) == []

        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses[dead] == DagsterRunStatus.FAILURE
    assert {statuses[name] for name in (elsewhere, unknown, alive)} == {DagsterRunStatus.STARTED}
