"""What S3 says when it refuses, in words that name the address and the remedy, and never a secret."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from image_assets.errors import S3Error

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
    "SlowDown": "the server asks for fewer requests: lower IMAGE_ASSETS_S3_CONCURRENT_READS",
}
UNREACHABLE = (
    "the server does not answer: check IMAGE_ASSETS_S3_ENDPOINT (or AWS_ENDPOINT_URL_S3) and the network, and run again"
)
UNREACHABLE_SIGNS = re.compile(
    r"error sending request|Could not connect to the endpoint|Connect timeout|Read timeout|operation timed out|"
    r"Connection was closed|connection closed|status code: 5\d\d|\((?:50[0234]|InternalError|ServiceUnavailable)\)"
)


def refusal(error: BaseException) -> str | None:
    """Find in an error what S3 refused and what helps; None if it is about something else."""
    text = str(error)
    code = re.search(r"<Code>(\w+)</Code>|An error occurred \((\w+)\)", text)
    found = next((group for group in code.groups() if group), "") if code else ""
    if found in REMEDIES:
        return f"{found}: {REMEDIES[found]}"
    if UNREACHABLE_SIGNS.search(text):
        return UNREACHABLE
    if "status code: 403" in text or found == "403":
        return f"AccessDenied: {REMEDIES['AccessDenied']}"
    return None


@contextmanager
def explained(address: str) -> Iterator[None]:
    """Turn what the block raises because S3 refuses into an S3Error that names the address and the remedy.

    Raises:
        S3Error: instead of the error of a client; its own text, which may hold request details, is left out.
    """
    try:
        yield
    except S3Error:
        raise
    except Exception as error:
        reason = refusal(error)
        if reason is None:
            raise
        raise S3Error(f"{address}: {reason}") from None
