"""The errors that this package raises on purpose.

Each message names the thing, the value that was found, and what to do about it.
"""

import re


class ImageAssetsError(Exception):
    """Base class of every error raised on purpose by this package."""


class SettingsError(ImageAssetsError):
    """A setting has a value that cannot work."""


class SourceError(ImageAssetsError):
    """The folder or bucket of pictures cannot be listed or read."""


class S3Error(ImageAssetsError):
    """S3 refuses, does not answer, or nobody said with which credentials to ask it."""


class WeightsError(ImageAssetsError):
    """The weights of a backbone are missing, damaged, or belong to another network."""


class WarehouseError(ImageAssetsError):
    """A table or artefact of the warehouse is missing or does not fit the question asked of it."""


class IncompatibleArtifactError(ImageAssetsError):
    """A fitted artefact is applied to data that it was not fitted for."""


def plain_message(text: str) -> str:
    """Return an error as its traceback ends, for people: without the path of its class.

    Errors of this package say all by themselves; of others the class is a part of the message.
    """
    match = re.match(r"([\w.]+)\.(\w*(?:Error|Exception|Interrupt))(?:: *|$)", text)
    if match is None:
        return text
    module, name, rest = match.group(1), match.group(2), text[match.end() :]
    if rest and module.startswith("image_assets."):
        return rest
    return f"{name}: {rest}" if rest else name
