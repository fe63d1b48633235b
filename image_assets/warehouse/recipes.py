"""What rows were computed with, as one short name: two rows of a picture are the same where their recipes are.

A recipe is the digest of everything that decides the content of a row besides the picture itself: the version of the
code, the settings that matter, and the recipes of the tables that the rows were computed from. Each Parquet file keeps
its recipe in its footer, so that it stays true whatever commits, copies or compactions come after.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.reading import read_recipe
from image_assets.warehouse.table import Table

LENGTH = 16


def recipe_name(table: str, code_version: str, values: Mapping[str, Any], upstream: Iterable[str | None] = ()) -> str:
    """Name a recipe.

    Args:
        table: that the rows belong to.
        code_version: of the code that computes them.
        values: settings that change what is computed, as JSON values; not those that change only how fast.
        upstream: recipes of the rows that they are computed from; None for rows that do not tell theirs.
    """
    inherited = sorted(str(name) for name in set(upstream))
    text = json.dumps([table, code_version, dict(values), inherited], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def recipes_of(table: Table, files: Sequence[DataFile]) -> set[str | None]:
    """Return the recipes of files, read from their footers."""
    return {read_recipe(table.root, file.path) for file in files}
