"""The page that lists every setting: `python -m image_assets.settings_page > docs/settings.md`."""

import json
import sys
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from image_assets.settings import PREFIX, Settings

GROUPS = {
    "source": "Pictures and tables",
    "s3_endpoint": "S3",
    "backbone": "Network",
    "frame_size": "Frames",
    "projection": "Projection",
    "classifier": "Classifier",
    "scenes": "Scenes",
    "exports": "Exports",
    "recordings": "Recordings",
    "spark_master": "Spark",
    "max_undecodable_share": "Checks",
    "freshness_hours": "Sensors and schedules",
    "retries": "Runs",
}
"""Headings by the first setting below each, in the order of the settings."""
BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "and below {}"}
KINDS = {bool: "`true` or `false`", int: "whole number", float: "number", tuple: "JSON list", dict: "JSON object"}


def settings_page() -> str:
    """Return docs/settings.md: every variable with its values, its default and what it is for."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable, also read from `.env` in the working directory, which wins over what is",
        "exported. An empty variable is the default. A single run can change most of them in Dagster's launchpad. S3",
        "takes its credentials from the standard AWS chain.",
    ]
    for name, field in Settings.model_fields.items():
        if name in GROUPS:
            lines += [
                "",
                f"## {GROUPS[name]}",
                "",
                "| Variable | Values | Default | What it is for |",
                "|---|---|---|---|",
            ]
        shown = json.dumps(field.default) if isinstance(field.default, tuple | bool) else field.default
        default = "" if field.default is None else f"`{shown}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {values_of(field)} | {default} | {field.description} |")
    return "\n".join([*lines, ""])


def values_of(field: FieldInfo) -> str:
    """Return what a setting may be: the words to choose from, or kind and bounds of its value; empty for text."""
    limits, found = list(field.metadata), []
    for kind in _kinds(field.annotation, limits):
        origin = get_origin(kind) or kind
        if origin is Literal:
            found.append(_choice(kind))
        elif origin in KINDS:
            parts = [_choice(part) for part in get_args(kind) if get_origin(part) is Literal]
            found.append(" of ".join([KINDS[origin], *parts]))
    bounds = [
        text.format(getattr(limit, name)) for limit in limits for name, text in BOUNDS.items() if hasattr(limit, name)
    ]
    return " ".join([*found, *bounds])


def _kinds(annotation: Any, limits: list[Any]) -> Iterator[Any]:
    """Yield each kind of a union, and add what bounds it to the limits."""
    if get_origin(annotation) in (Union, UnionType):
        for kind in get_args(annotation):
            yield from _kinds(kind, limits)
    elif get_origin(annotation) is Annotated:
        kind, *metadata = get_args(annotation)
        limits.extend(limit for entry in metadata for limit in getattr(entry, "metadata", [entry]))
        yield kind
    else:
        yield annotation


def _choice(literal: Any) -> str:
    *first, last = (f"`{word}`" for word in get_args(literal))
    return f"{', '.join(first)} or {last}"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
