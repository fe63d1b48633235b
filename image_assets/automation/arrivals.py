"""One run of what has come into a source or has changed there: what the sensors of scenes and recordings ask for."""

import hashlib
from collections.abc import Mapping

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
)

from image_assets.automation.partitions import RegisteredClasses, tags_for
from image_assets.resources.runs import end_abandoned_runs

INTERVAL_SECONDS = 300
SETTLED_SECONDS = 60
"""A recording or scene whose files have changed since is probably still being copied."""

UNFINISHED = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def unfinished_run(instance: DagsterInstance, job_name: str) -> str | None:
    """Return the id of a run of a job that waits or goes on."""
    runs = instance.get_runs(RunsFilter(job_name=job_name, statuses=UNFINISHED), limit=1)
    return runs[0].run_id if runs else None


def run_of(
    context: SensorEvaluationContext, job_name: str, partitions: RegisteredClasses, found: Mapping[str, str]
) -> SensorResult | SkipReason:
    """Ask for one run, and register what is not registered yet.

    Args:
        context: of the sensor.
        job_name: of the run.
        partitions: the set of keys.
        found: what is new or changed: versions by key, of which the same are asked for once. Not empty.
    """
    end_abandoned_runs(context.instance)
    busy = unfinished_run(context.instance, job_name)
    if busy is not None:
        return SkipReason(f"{', '.join(found)}: new or changed, waiting for the end of run {busy}")
    name = str(partitions.name)
    registered = list(context.instance.get_dynamic_partitions(name))
    new = [key for key in found if key not in registered]
    versions = "\n".join(f"{key} {version}" for key, version in found.items())
    request = RunRequest(
        run_key=hashlib.sha256(versions.encode()).hexdigest(), tags=tags_for([*registered, *new], list(found), name)
    )
    return SensorResult(
        run_requests=[request],
        dynamic_partitions_requests=[partitions.build_add_request(new)] if new else [],
    )
