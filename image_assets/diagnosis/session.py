"""Spark: whether a session starts and its workers run Python."""

import re
import time

from image_assets.diagnosis.finding import Finding
from image_assets.settings import Settings
from image_assets.spark.session import SparkOptions, start_session


def spark(options: SparkOptions) -> Finding:
    """Start a session as a run would, run a task in a Python worker, and stop it."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    started = time.monotonic()
    remedy = "check IMAGE_ASSETS_SPARK_MASTER and IMAGE_ASSETS_SPARK_EXTRA; the lines above are Spark's own"
    try:
        session = start_session(options)
    except (Py4JError, PySparkException, RuntimeError) as error:
        return Finding("Spark", "fail", f"no session starts at {options.master}: {_first_line(error)}", remedy)
    try:
        total = session.sparkContext.parallelize(range(4), 2).map(lambda n: n + 1).sum()
        cores, version = session.sparkContext.defaultParallelism, session.version
    except (Py4JError, PySparkException) as error:
        return Finding("Spark", "fail", f"no task runs at {options.master}: {_first_line(error)}", remedy)
    finally:
        session.stop()
    seconds = time.monotonic() - started
    if total != 10:
        return Finding("Spark", "fail", f"a worker at {options.master} counts wrong: {total} for 10", remedy)
    return Finding("Spark", "ok", f"{version} at {options.master}, {cores} cores, started in {seconds:.0f} s")


def task_slots(settings: Settings, cores: int) -> int:
    """Return how many tasks run at once on this machine: those of a local master, or one for the driver's side."""
    match = re.fullmatch(r"local(?:\[(\d+|\*)(?:,\d+)?\])?", settings.spark_master)
    if match is None:
        return 1
    wanted = match.group(1) or "1"
    return max(1, (cores if wanted == "*" else int(wanted)) // settings.spark_task_cpus)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]
