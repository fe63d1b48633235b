"""The `image-assets` command: the few things that Dagster's own commands cannot do."""

from image_assets.cli.app import main

__all__ = ["main"]
