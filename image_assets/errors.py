"""The errors that this package raises on purpose.

Each message names the thing, the value that was found, and what to do about it.
"""


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
