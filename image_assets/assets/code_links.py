"""Links from assets in the UI to the functions that make them.

See https://docs.dagster.io/guides/build/assets/metadata-and-tags#source-code. Dagster's own
`with_source_code_references` would link to decorators where a function has some.
"""

import inspect
from collections.abc import Iterable
from typing import Any

from dagster import AssetsDefinition, CodeReferencesMetadataValue, LocalFileCodeReference

CODE_REFERENCES = "dagster/code_references"


def with_code_links(definitions: Iterable[Any]) -> list[Any]:
    """Return the same definitions, the assets among them with a link to their function."""
    return [_linked(found) if isinstance(found, AssetsDefinition) else found for found in definitions]


def _linked(definition: AssetsDefinition) -> AssetsDefinition:
    compute: Any = definition.op.compute_fn
    function = inspect.unwrap(getattr(compute, "decorated_fn", compute))
    link = LocalFileCodeReference(file_path=inspect.getfile(function), line_number=inspect.getsourcelines(function)[1])
    references = {CODE_REFERENCES: CodeReferencesMetadataValue(code_references=[link])}
    return definition.map_asset_specs(lambda spec: spec.merge_attributes(metadata={**spec.metadata, **references}))
