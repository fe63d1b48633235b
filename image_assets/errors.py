"""The errors that this package raises on purpose.

Each message names the thing, the value that was found, and what to do about it.
"""

import builtins
import re
from collections.abc import Iterator


class ImageAssetsError(Exception):
    """Base class of every error raised on purpose by this package.

    Attributes:
        retryable: whether the same work may succeed when it is tried again without a change by a person.
    """

    retryable: bool = False


class SettingsError(ImageAssetsError):
    """A setting has a value that cannot work."""


class SourceError(ImageAssetsError):
    """The folder or bucket of pictures cannot be listed or read."""


class S3Error(ImageAssetsError):
    """S3 refuses, or nobody said with which credentials to ask it: a person has to change something."""


class S3UnavailableError(S3Error):
    """S3 does not answer, or answers that it cannot at the moment, after every attempt that the settings allow."""

    retryable = True


class WeightsError(ImageAssetsError):
    """The weights of a backbone are missing, damaged, or belong to another network."""


class WarehouseError(ImageAssetsError):
    """A table or artefact of the warehouse is missing or does not fit the question asked of it."""


class StalePlanError(WarehouseError):
    """Another writer has changed a partition between the plan of a change and its commit."""

    retryable = True


class CommitContentionError(WarehouseError):
    """Other writers have won every attempt to commit."""

    retryable = True


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


PROGRAMMING_ERRORS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
)
"""What Python raises where code or data are wrong, which another attempt does not change."""


def is_retryable(error: BaseException) -> bool:
    """Whether an error is one of the machines, disks and networks, so that another attempt may succeed."""
    if isinstance(error, ImageAssetsError):
        return error.retryable
    return not isinstance(error, PROGRAMMING_ERRORS)


def is_retryable_name(name: str) -> bool:
    """Answer the same for an error of which only the name of its class is known, as Spark reports those of tasks."""
    known = {kind.__name__: kind for kind in [*_subclasses(ImageAssetsError), *_builtin_errors()]}
    kind = known.get(name.rsplit(".", 1)[-1])
    if kind is None:
        return True
    return kind.retryable if issubclass(kind, ImageAssetsError) else not issubclass(kind, PROGRAMMING_ERRORS)


def _subclasses(kind: type[ImageAssetsError]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def _builtin_errors() -> Iterator[type[Exception]]:
    return (found for found in vars(builtins).values() if isinstance(found, type) and issubclass(found, Exception))
