"""Tags of runs that change what a run does, or tell what it did.

See https://docs.dagster.io/guides/build/assets/metadata-and-tags/tags.
"""

from collections.abc import Mapping

from image_assets.errors import SettingsError

RECOMPUTE_TAG = "image_assets/recompute"
"""`true` computes every picture of the run's classes anew, `false` only what is new or altered; wins over settings."""

FIT_TAG = "image_assets/fit"
"""Whether projection and classifier are fitted anew: one of the values below. Without the tag they are."""
FIT_IF_NEEDED = "if-needed"
"""Kept where they fit the features: in the job `fruits`."""
FIT_ALL = "all-classes"
"""Fitted, and refused for a run that leaves out classes, whose features would belong to the old fit: `fruits_refit`."""

PICTURES_TAG = "image_assets/pictures"
"""Number of pictures of the run's classes."""
COMPUTED_TAG = "image_assets/computed"
"""Number of pictures whose features the run computed."""
REASON_TAG = "image_assets/reason"
"""What asked for a run: which tick of which sensor or schedule, in a few words."""
NIGHT_TAG = "image_assets/night"
"""Digest of the listing, the settings and the version of the package that a nightly run was asked for."""


def is_true(tags: Mapping[str, str], name: str) -> bool | None:
    """Return the truth value of a tag, None if it is absent.

    Raises:
        SettingsError: if the value is neither true nor false.
    """
    text = tags.get(name)
    if text is None:
        return None
    if text.strip().lower() not in {"true", "false"}:
        raise SettingsError(f"the tag {name} of the run has the value {text!r}: write true or false")
    return text.strip().lower() == "true"
