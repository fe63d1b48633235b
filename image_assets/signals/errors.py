"""The errors of this package: an operation that does not fit its data, a file that is no volume."""

from image_assets.errors import ImageAssetsError


class SignalError(ImageAssetsError, ValueError):
    """An argument of an operation on volumes or series does not fit the data."""


class VolumeError(ImageAssetsError):
    """A file or page of a recording cannot be decoded as a volume. Readers turn it into the reason of a frame."""
