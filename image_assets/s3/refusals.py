"""What S3 says when it refuses, in words that name the address and the remedy, and never a secret."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from image_assets.errors import ImageAssetsError, S3Error, S3UnavailableError

REMEDIES = {
    "NoSuchBucket": "there is no such bucket: create it, or correct the address",
    "InvalidAccessKeyId": "the server does not know the access key: check the AWS credentials, and that they belong to "
    "this endpoint",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "the credentials have expired: get new ones, or use a profile or role that renews them",
    "InvalidToken": "the session token is not valid: check AWS_SESSION_TOKEN",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "AccessDenied": "the credentials do not allow it: they need to list and read, and to write where a warehouse is",
    "PermanentRedirect": "the bucket is in another region: set IMAGE_ASSETS_S3_REGION",
}
BUSY = "SlowDown: the server asks for fewer requests: lower IMAGE_ASSETS_S3_CONCURRENT_READS"
UNREACHABLE = (
    "the server does not answer: check IMAGE_ASSETS_S3_ENDPOINT (or AWS_ENDPOINT_URL_S3) and the network, and run again"
)
COLOURS = re.compile(r"\x1b\[\d+m")
UNREACHABLE_SIGNS = re.compile(
    r"error sending request|Could not connect to the endpoint|Connect timeout|Read timeout|operation timed out|"
    r"Connection was closed|connection closed|status code\W+5\d\d|\((?:50[0234]|InternalError|ServiceUnavailable)\)"
)


def refusal(address: str, error: BaseException) -> S3Error | None:
    """Return what an error means for an address: what S3 refused and what helps; None if it is about something else.

    Refusals are an `S3Error`: they stay until a person changes something. A server that does not answer or is too busy
    is an `S3UnavailableError`, which is worth another attempt.
    """
    text = COLOURS.sub("", str(error))
    code = re.search(r"<Code>(\w+)</Code>|An error occurred \((\w+)\)|request failed for key .*\(code: (\w+)\)", text)
    found = next((group for group in code.groups() if group), "") if code else ""
    if found in REMEDIES:
        return S3Error(f"{address}: {found}: {REMEDIES[found]}")
    if found == "SlowDown":
        return S3UnavailableError(f"{address}: {BUSY}")
    if UNREACHABLE_SIGNS.search(text):
        return S3UnavailableError(f"{address}: {UNREACHABLE}")
    if re.search(r"status code\W+403", text) or found == "403":
        return S3Error(f"{address}: AccessDenied: {REMEDIES['AccessDenied']}")
    return None


@contextmanager
def explained(address: str) -> Iterator[None]:
    """Turn what the block raises because S3 refuses into an S3Error that names the address and the remedy.

    Raises:
        S3Error: instead of the error of a client; its own text, which may hold request details, is left out.
    """
    try:
        yield
    except ImageAssetsError:  # says by itself what it is about
        raise
    except Exception as error:
        meant = refusal(address, error)
        if meant is None:
            raise
        raise meant from None
