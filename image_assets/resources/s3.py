"""How S3 is reached: `dagster-aws`'s S3 resource, with what large data needs beside it.

Explicit keys are possible (`aws_access_key_id=EnvVar(...)`), and travel to Spark's workers inside pickled tasks, never
in Spark's configuration or plans. Without them each process finds its own by the standard AWS chain, which is the
better way: an instance role or profile renews what expires.
"""

from dagster_aws.s3 import S3Resource
from pydantic import Field

from image_assets.s3.connection import S3Connection, S3Keys
from image_assets.settings import Settings


class S3Storage(S3Resource):
    """S3 for pictures and tables; a `S3Resource` in all other respects."""

    max_attempts: int = Field(default=10, description="Requests before an operation on S3 fails.")
    path_style: bool | None = Field(
        default=None, description="Addresses are endpoint/bucket; by default wherever an endpoint is set."
    )
    retry_seconds: int = Field(default=120, description="Seconds after which a request is not tried again.")
    connect_seconds: int = Field(default=5, description="Seconds that a connection may take.")
    request_seconds: int = Field(default=60, description="Seconds that a request may take with its data.")
    concurrent_reads: int = Field(default=16, description="Pictures that a task reads from S3 at once.")

    @property
    def connection(self) -> S3Connection:
        """The settings as the computation takes them."""
        keys = None
        if self.aws_access_key_id and self.aws_secret_access_key:
            keys = S3Keys(self.aws_access_key_id, self.aws_secret_access_key, self.aws_session_token)
        return S3Connection(
            endpoint=self.endpoint_url,
            region=self.region_name,
            path_style=self.path_style,
            max_attempts=self.max_attempts,
            retry_seconds=self.retry_seconds,
            connect_seconds=self.connect_seconds,
            request_seconds=self.request_seconds,
            concurrent_reads=self.concurrent_reads,
            profile=self.profile_name,
            unsigned=self.use_unsigned_session,
            keys=keys,
        )


def s3_storage(settings: Settings) -> S3Storage:
    """Return the resource as the settings say; credentials are left to the standard AWS chain."""
    return S3Storage(
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        path_style=settings.s3_path_style,
        max_attempts=settings.s3_max_attempts,
        retry_seconds=settings.s3_retry_seconds,
        connect_seconds=settings.s3_connect_seconds,
        request_seconds=settings.s3_request_seconds,
        concurrent_reads=settings.s3_concurrent_reads,
    )
