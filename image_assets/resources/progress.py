"""Where the progress of stages is told: in the log of the run, unless somebody else listens."""

import logging
from typing import Any

from dagster import InitResourceContext, resource

from image_assets.progress import LogProgress


@resource(description="Writes the progress of each stage to the log of the run, a line every ten seconds.")
def log_progress(context: InitResourceContext) -> LogProgress:
    """Return a progress that writes to the run's log."""
    log: Any = context.log or logging.getLogger("image_assets")
    return LogProgress(log.info)
