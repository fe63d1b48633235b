"""The page that lists every setting: `python -m image_assets.settings_page > docs/settings.md`."""

import json
import sys

from image_assets.settings import PREFIX, Settings


def settings_page() -> str:
    """Return docs/settings.md: every variable with its default and what it is for."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable, also read from a file `.env` in the working directory. A single run can",
        "change most of them in Dagster's launchpad. S3 takes its credentials from the standard AWS chain.",
        "",
        "| Variable | Default | What it is for |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        shown = json.dumps(field.default) if isinstance(field.default, tuple) else field.default
        default = "" if field.default is None else f"`{shown}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(settings_page())
