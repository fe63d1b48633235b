"""One request that tells whether S3 lets us in, before work depends on it."""

from dataclasses import replace
from functools import lru_cache

from image_assets.s3.connection import S3Connection, current_keys, split_address
from image_assets.s3.refusals import explained

ATTEMPTS = 3
REQUEST_SECONDS = 10


@lru_cache(maxsize=32)
def check_bucket(connection: S3Connection, address: str) -> None:
    """List one object of an address; what succeeded once in a process is not asked again.

    Raises:
        S3Error: naming the address, what is refused, and the remedy; within about half a minute.
    """
    bucket, prefix = split_address(address)
    if not connection.unsigned:
        current_keys(connection)  # says in plain words if there are none
    patient = replace(
        connection,
        max_attempts=min(ATTEMPTS, connection.max_attempts),
        request_seconds=min(REQUEST_SECONDS, connection.request_seconds),
    )
    with explained(address):
        patient.client().list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
