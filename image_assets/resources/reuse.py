"""Whether pictures that were computed before are computed again."""

from dagster import ConfigurableResource
from pydantic import Field


class ReuseResource(ConfigurableResource):
    """What a run does with pictures whose digest and configuration the table has already."""

    recompute: bool = Field(
        default=False,
        description="Compute every picture anew. By default only pictures that are new or altered are computed.",
    )
