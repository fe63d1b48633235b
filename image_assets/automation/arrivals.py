"""One run of what has come into a source or has changed there: what the sensors of scenes and recordings ask for."""

import json
from collections.abc import Mapping

from dagster import RunRequest, SensorEvaluationContext, SensorResult, SkipReason

from image_assets.automation.partitions import RegisteredClasses, tags_for
from image_assets.resources.runs import end_abandoned_runs, unfinished_run

INTERVAL_SECONDS = 300
SETTLED_SECONDS = 60
"""A recording or scene whose files have changed since is probably still being copied."""


def awaited(context: SensorEvaluationContext, versions: Mapping[str, str], changed: Mapping[str, bool]) -> list[str]:
    """Return the keys that are not computed yet or have changed since, in a version that was not asked for yet.

    Args:
        context: of the sensor, whose cursor knows the versions that were asked for.
        versions: of everything in the source, by key.
        changed: of what is computed, by key, whether it has changed since.
    """
    asked = _asked(context)
    return [key for key, version in versions.items() if changed.get(key, True) and asked.get(key) != version]


def run_of(
    context: SensorEvaluationContext, job_name: str, partitions: RegisteredClasses, found: Mapping[str, str]
) -> SensorResult | SkipReason:
    """Ask for one run, unless another one goes on, and register what is not registered yet.

    Args:
        context: of the sensor.
        job_name: of the run.
        partitions: the set of keys.
        found: versions by key, not empty.
    """
    end_abandoned_runs(context.instance)
    busy = unfinished_run(context.instance, job_name)
    if busy is not None:
        return SkipReason(f"{', '.join(found)}: new or changed, waiting for the end of run {busy}")
    name = str(partitions.name)
    registered = list(context.instance.get_dynamic_partitions(name))
    new = [key for key in found if key not in registered]
    return SensorResult(
        run_requests=[RunRequest(tags=tags_for([*registered, *new], list(found), name))],
        dynamic_partitions_requests=[partitions.build_add_request(new)] if new else [],
        cursor=json.dumps({**_asked(context), **found}),
    )


def _asked(context: SensorEvaluationContext) -> dict[str, str]:
    """Return the versions that runs were asked for, by key."""
    return dict(json.loads(context.cursor or "{}"))
