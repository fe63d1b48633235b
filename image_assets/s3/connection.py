"""How S3 is reached: a small value that travels to Spark's workers, and the clients that each process opens from it.

Data and listings go through obstore, in measurements twice as fast as Arrow's S3 file system on small objects and with
half the CPU; what it cannot list through boto3, which takes every name an object can have; Delta logs through delta-rs.
All take the same endpoint, retries and time limits, and the same credentials: those that boto3 finds in the process
that uses them (environment, profile, instance role), refreshed as they expire.

Source: https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from image_assets.errors import S3Error, SettingsError

if TYPE_CHECKING:
    from boto3 import Session
    from obstore.store import S3Store
    from pyarrow.fs import S3FileSystem

SCHEME = "s3://"
DEFAULT_REGION = "us-east-1"
BACKOFF_BASE = 4
"""object_store, behind obstore and delta-rs, draws a pause between the first one and this many times the one before it:
with 2 they stay as they are on average, and ten attempts are over in two seconds; with 4 they double."""
AWS_DOMAIN = ".amazonaws.com"
NO_CREDENTIALS = (
    "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where an "
    "instance role gives them"
)


@dataclass(frozen=True)
class S3Keys:
    """Credentials that were handed over explicitly. What prints or logs them shows no more than that they are there."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class S3Connection:
    """How S3 is reached.

    Attributes:
        endpoint: URL of the server; None is AWS.
        region: of the buckets.
        path_style: whether addresses are `endpoint/bucket`, else `bucket.endpoint`; None: if an endpoint is named.
        max_attempts: requests that are made before an operation fails; between them the time doubles from 0.1 to 10 s
            on average, which makes about 20 s for ten of them.
        retry_seconds: time after which no further attempt is made.
        connect_seconds: time limit of a connection.
        request_seconds: time limit of a request, its data included.
        concurrent_reads: small objects that a task reads at once.
        profile: AWS profile whose credentials are used; None leaves it to the standard chain.
        unsigned: whether requests go out without credentials, as public buckets take them.
        keys: explicit credentials, in place of the standard chain.
    """

    endpoint: str | None = None
    region: str | None = None
    path_style: bool | None = None
    max_attempts: int = 10
    retry_seconds: int = 120
    connect_seconds: int = 5
    request_seconds: int = 60
    concurrent_reads: int = 16
    profile: str | None = None
    unsigned: bool = False
    keys: S3Keys | None = None

    def resolved(self) -> "S3Connection":
        """Return this connection with endpoint and region filled in, so that workers need not know them."""
        if self.endpoint and self.region:
            return self
        return _resolve(self)

    def to_json(self) -> dict[str, Any]:
        """Return what may be shown and stored: everything but keys.

        Raises:
            SettingsError: if there are explicit keys, which would be lost.
        """
        if self.keys is not None:
            raise SettingsError(
                "the Spark data source has no safe place for explicit S3 keys: give the processes credentials by the "
                "standard AWS chain (environment, profile, instance role)"
            )
        return {name: value for name, value in asdict(self).items() if name != "keys"}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "S3Connection":
        """Return what `to_json` described."""
        return cls(**values)

    @property
    def path_style_wanted(self) -> bool:
        """Whether addresses are `endpoint/bucket`."""
        return self.endpoint is not None if self.path_style is None else self.path_style

    def store(self, bucket: str) -> "S3Store":
        """Return this process's obstore client of a bucket."""
        return _store(self, bucket)

    def client(self) -> Any:
        """Return this process's boto3 client."""
        return _client(self)

    def arrow_filesystem(self) -> "S3FileSystem":
        """Return an Arrow file system with the credentials as they are at this moment."""
        return _arrow_filesystem(self, None if self.unsigned else current_keys(self))

    def delta_options(self) -> dict[str, str]:
        """Return the storage options of delta-rs, with credentials as they are at this moment."""
        options = {
            "AWS_REGION": self.region or DEFAULT_REGION,
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": str(not self.path_style_wanted).lower(),
            # A commit is a conditional put, so that of two writers of one version one fails and tries again.
            "AWS_CONDITIONAL_PUT": "etag",
            "max_retries": str(self.max_attempts - 1),
            "retry_timeout": f"{self.retry_seconds}s",
            "backoff_config.init_backoff": "100ms",
            "backoff_config.max_backoff": "10s",
            "backoff_config.base": str(BACKOFF_BASE),
            "connect_timeout": f"{self.connect_seconds}s",
            "timeout": f"{self.request_seconds}s",
        }
        if self.endpoint:
            options["AWS_ENDPOINT_URL_S3"] = self.endpoint  # AWS_ENDPOINT_URL would lose against the environment
            options["AWS_ALLOW_HTTP"] = str(self.endpoint.startswith("http://")).lower()
        if self.unsigned:
            return {**options, "AWS_SKIP_SIGNATURE": "true"}
        keys = current_keys(self)
        options |= {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
        return options if keys.session_token is None else {**options, "AWS_SESSION_TOKEN": keys.session_token}


def split_address(address: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// address.

    Raises:
        SettingsError: if it names no bucket.
    """
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise SettingsError(f"{address!r} names no bucket: write s3://bucket/prefix")
    return bucket, key.strip("/")


@lru_cache(maxsize=1)
def standard_connection() -> S3Connection:
    """Return the connection that the settings of this process describe."""
    from image_assets.settings import load_settings

    return S3Connection(**load_settings().s3_options()).resolved()


def current_keys(connection: S3Connection) -> S3Keys:
    """Return the credentials as they are now; boto3 refreshes those that expire.

    Raises:
        S3Error: if the standard chain finds none.
    """
    if connection.keys is not None:
        return connection.keys
    found = _session(connection).get_credentials()
    if found is None:
        raise S3Error(NO_CREDENTIALS)
    frozen = found.get_frozen_credentials()
    return S3Keys(frozen.access_key, frozen.secret_key, frozen.token)


@lru_cache(maxsize=8)
def _session(connection: S3Connection) -> "Session":
    import boto3
    from botocore.exceptions import ProfileNotFound

    keys = connection.keys
    try:
        return boto3.Session(
            profile_name=connection.profile,
            aws_access_key_id=keys and keys.access_key,
            aws_secret_access_key=keys and keys.secret_key,
            aws_session_token=keys and keys.session_token,
        )
    except ProfileNotFound as error:
        raise S3Error(f"{error}: set AWS_PROFILE to a profile of ~/.aws/config") from error


@lru_cache(maxsize=8)
def _resolve(connection: S3Connection) -> S3Connection:
    session = _session(connection)
    region = connection.region or session.region_name or DEFAULT_REGION
    endpoint = connection.endpoint
    if endpoint is None:
        found = session.client("s3", region_name=region).meta.endpoint_url
        endpoint = None if str(urlsplit(found).hostname).endswith(AWS_DOMAIN) else found
    return replace(connection, endpoint=endpoint, region=region)


@lru_cache(maxsize=8)
def _client(connection: S3Connection) -> Any:
    from botocore import UNSIGNED
    from botocore.config import Config

    options: dict[str, Any] = {"signature_version": UNSIGNED} if connection.unsigned else {}
    config = Config(
        connect_timeout=connection.connect_seconds,
        read_timeout=connection.request_seconds,
        retries={"mode": "standard", "total_max_attempts": connection.max_attempts},
        max_pool_connections=connection.concurrent_reads,
        s3={"addressing_style": "path" if connection.path_style_wanted else "virtual"},
        **options,
    )
    return _session(connection).client(
        "s3", region_name=connection.region or DEFAULT_REGION, endpoint_url=connection.endpoint, config=config
    )


@lru_cache(maxsize=16)
def _store(connection: S3Connection, bucket: str) -> "S3Store":
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Store

    options: dict[str, Any] = {"skip_signature": True} if connection.unsigned else {}
    if not connection.unsigned:
        current_keys(connection)  # says in plain words if there are none
        options["credential_provider"] = Boto3CredentialProvider(_session(connection), ttl=timedelta(minutes=5))
    if connection.endpoint:
        # The option `endpoint` would lose against AWS_ENDPOINT_URL_S3 in the environment.
        endpoint = _bucket_endpoint(connection.endpoint, bucket, path_style=connection.path_style_wanted)
        options["aws_endpoint_url_s3"] = endpoint
    return S3Store(
        bucket,
        region=connection.region or DEFAULT_REGION,
        virtual_hosted_style_request=not connection.path_style_wanted,
        client_options={
            "connect_timeout": timedelta(seconds=connection.connect_seconds),
            "timeout": timedelta(seconds=connection.request_seconds),
            "allow_http": (connection.endpoint or "").startswith("http://"),
        },
        retry_config={
            "max_retries": connection.max_attempts - 1,
            "retry_timeout": timedelta(seconds=connection.retry_seconds),
            "backoff": {
                "init_backoff": timedelta(seconds=0.1),
                "max_backoff": timedelta(seconds=10),
                "base": BACKOFF_BASE,
            },
        },
        **options,
    )


@lru_cache(maxsize=4)
def _arrow_filesystem(connection: S3Connection, keys: S3Keys | None) -> "S3FileSystem":
    from pyarrow import fs

    options: dict[str, Any] = {"anonymous": True}
    if keys is not None:
        options = {
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "session_token": keys.session_token,
        }
    if connection.endpoint:
        parts = urlsplit(connection.endpoint)
        options |= {"scheme": parts.scheme, "endpoint_override": parts.netloc}
    return fs.S3FileSystem(
        region=connection.region or DEFAULT_REGION,
        connect_timeout=connection.connect_seconds,
        request_timeout=connection.request_seconds,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=connection.max_attempts),
        force_virtual_addressing=not connection.path_style_wanted,
        **options,
    )


def _bucket_endpoint(endpoint: str, bucket: str, *, path_style: bool) -> str:
    """Return the address under which the objects of a bucket are."""
    if path_style:
        return endpoint
    parts = urlsplit(endpoint)
    return parts._replace(netloc=f"{bucket}.{parts.netloc}").geturl()
