"""The checks of a machine and a configuration, in the order in which a run needs things."""

import os
from functools import partial

from image_assets.diagnosis import data, machine, network, session
from image_assets.diagnosis.finding import Check, Finding
from image_assets.s3.connection import SCHEME
from image_assets.scenes.catalogue import SEPARATOR
from image_assets.settings import Settings, unknown_variables
from image_assets.spark.session import SparkOptions
from image_assets.warehouse.location import Location

FURTHER = {"scenes": data.scenes, "recordings": data.recordings}
"""What `image-assets run` goes on with after the fruits, if it is asked for."""


def checks_of(settings: Settings, spark: SparkOptions | None = None) -> list[Check]:
    """Return the checks.

    Args:
        settings: of the project.
        spark: how a session is started, and stopped again, which takes some seconds; None leaves that out.
    """
    addresses = [address for address in _addresses(settings) if address.startswith(SCHEME)]
    workers = session.task_slots(settings, os.cpu_count() or 1)
    checks = [
        Check("settings", settings_known),
        Check("Java", machine.java),
        Check("memory", partial(machine.memory, settings.spark_driver_memory, workers)),
        Check("weights", partial(network.weights, settings)),
        Check("engine", partial(network.engine, settings)),
    ]
    if addresses:
        checks.append(Check("S3", partial(data.s3, addresses)))
    checks += [
        Check("source", partial(data.source, settings)),
        *(Check(name, partial(look, settings)) for name, look in FURTHER.items() if settings.asks_for(name)),
        Check("warehouse", partial(data.warehouse, settings)),
        Check("disk", lambda: machine.disk(Location.of(settings.warehouse), data.expected_bytes(settings))),
    ]
    if settings.exports is not None:
        checks.append(Check("exports", partial(data.exports, settings.exports)))
    if spark is not None:
        checks.append(Check("Spark", partial(session.spark, spark)))
    return checks


def _addresses(settings: Settings) -> list[str]:
    scenes = settings.scenes.split(SEPARATOR) if settings.asks_for("scenes") else []
    return [settings.source, *(part.strip() for part in scenes), settings.warehouse, settings.exports or ""]


def settings_known() -> Finding:
    """Look for variables that are named like settings and are none."""
    unknown = unknown_variables()
    if not unknown:
        return Finding("settings", "ok", "every IMAGE_ASSETS_ variable is a setting")
    return Finding("settings", "warn", "; ".join(unknown), "correct or remove them")
