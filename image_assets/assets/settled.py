"""Which errors of an asset another attempt may cure, and how often and when it is made."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from dagster import Backoff, DagsterExecutionInterruptedError, Failure, Jitter, RetryPolicy

from image_assets.errors import is_retryable, plain_message
from image_assets.settings import load_settings

STOPPED = "The run was asked to stop; what was committed is kept."

P = ParamSpec("P")
R = TypeVar("R")


def retry_policy() -> RetryPolicy | None:
    """Return the policy of every asset: a few more attempts, after pauses that more than double."""
    settings = load_settings()
    if settings.retries == 0:
        return None
    return RetryPolicy(
        max_retries=settings.retries,
        delay=settings.retry_delay_seconds,
        backoff=Backoff.EXPONENTIAL,
        jitter=Jitter.PLUS_MINUS,
    )


def no_vain_retries(compute: Callable[P, R]) -> Callable[P, R]:
    """Let an asset end at once where it was stopped, or where trying again cannot help.

    Only what lies in machines and networks is retried.
    """

    @wraps(compute)
    def settled(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return compute(*args, **kwargs)
        except DagsterExecutionInterruptedError as error:
            # Dagster would make the further attempts of the policy, each after its pause, before the run ends.
            raise Failure(STOPPED, allow_retries=False) from error
        except Exception as error:
            if isinstance(error, Failure) or is_retryable(error):
                raise
            told = plain_message(f"{type(error).__module__}.{type(error).__name__}: {error}")
            raise Failure(told.removeprefix("builtins."), allow_retries=False) from error

    return settled
