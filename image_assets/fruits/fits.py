"""Whether a fitted artefact is still the one that the options and the classes of today would give."""

from collections.abc import Mapping, Sequence
from typing import Any

from image_assets.warehouse.artifacts import Artifact


def outdated_fit(artifact: Artifact, options: Mapping[str, Any], classes: Sequence[str]) -> str | None:
    """Return why an artefact is outdated: other options, or classes that it does not know; None if it is not.

    Args:
        artifact: that was fitted.
        options: of today, as JSON values.
        classes: that have training pictures today.
    """
    before = artifact.metadata.get("options", {})
    differing = [name for name in options if before.get(name) != options[name]]
    if differing:
        changes = ", ".join(f"{name} was {before.get(name)!r} and is {options[name]!r}" for name in differing)
        return f"it was fitted with other settings ({changes})"
    new = sorted(set(classes) - set(artifact.metadata.get("fitted_classes", ())))
    return f"it does not know the classes {', '.join(new)}" if new else None
