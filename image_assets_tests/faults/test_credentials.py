"""Credentials that are wrong, expired or too weak, and servers that are not there: one clear error, soon, no secret."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_assets_tests.chain_process import ChainProcess, sample_pictures
from image_assets_tests.faults.proxy import Faults, faulty
from image_assets_tests.s3.pictures import upload
from image_assets_tests.s3.server import READER, WRITER, Keys, S3Server

pytestmark = pytest.mark.faults

SOON_SECONDS = 60
SECRET = "sk-of-nobody-93ae6f20c1d8"  # noqa: S105 - what is searched for
SECRETS = [SECRET, WRITER.secret_key, READER.secret_key]


@pytest.fixture(scope="module")
def pictures(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("pictures")
    sample_pictures(folder, {"Cherry": 1, "Banana": 1})
    address = f"{s3_server.bucket('credentials')}/pictures"
    upload(s3_server, folder, address)
    return address


@pytest.fixture
def process(s3_server: S3Server, pictures: str, tmp_path: Path) -> Iterator[ChainProcess]:
    environment = {
        **s3_server.environment,
        "IMAGE_ASSETS_SOURCE": pictures,
        "IMAGE_ASSETS_WAREHOUSE": "s3://credentials/tables",
        "IMAGE_ASSETS_SPARK_MASTER": "local[2]",
    }
    found = ChainProcess(tmp_path, environment)
    try:
        yield found
    finally:
        found.clean_up()


def error_of(process: ChainProcess, **variables: str) -> str:
    """Run, and return the one error of it, which must come soon and hold no secret, nor any record of the run."""
    started = time.monotonic()
    process.start(**variables)
    assert process.finish(SOON_SECONDS) == 1
    assert time.monotonic() - started < SOON_SECONDS
    lines = process.said.splitlines()
    errors = [number for number, line in enumerate(lines) if line.startswith("error:")]
    assert len(errors) == 1, process.said
    assert "Traceback" not in process.said
    files = [path for path in process.folder.rglob("*") if path.is_file()]
    for secret in SECRETS:
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
    return " ".join(lines[errors[0] :])


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (Keys("nobody", SECRET), "InvalidAccessKeyId: the server does not know the access key"),
        (Keys(WRITER.access_key, SECRET), "SignatureDoesNotMatch: the secret key does not belong to the access key"),
    ],
    ids=["unknown key", "wrong secret"],
)
def test_wrong_keys(process: ChainProcess, pictures: str, keys: Keys, reason: str) -> None:
    assert error_of(process, **keys.environment).startswith(f"error: {pictures}: {reason}")


def test_no_keys(process: ChainProcess) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del process.environment[name]
    error = error_of(process)
    assert error.startswith("error: no AWS credentials were found: set AWS_ACCESS_KEY_ID and")


def test_expired_keys(process: ChainProcess, s3_server: S3Server, pictures: str) -> None:
    with faulty(s3_server.endpoint, Faults(refusal=(400, "ExpiredToken"))) as endpoint:
        error = error_of(process, AWS_ENDPOINT_URL_S3=endpoint)
    assert error.startswith(f"error: {pictures}: ExpiredToken: the credentials have expired: get new ones")


def test_keys_that_only_read(process: ChainProcess) -> None:
    error = error_of(process, **READER.environment)
    assert re.search(r"error: .*s3://credentials/tables\S*: AccessDenied: the credentials do not allow it", error)


def test_a_missing_bucket(process: ChainProcess) -> None:
    error = error_of(process, IMAGE_ASSETS_SOURCE="s3://no-such-bucket/pictures")
    assert error.startswith("error: s3://no-such-bucket/pictures: NoSuchBucket: there is no such bucket: create it")


def test_a_missing_bucket_for_the_tables(process: ChainProcess) -> None:
    error = error_of(process, IMAGE_ASSETS_WAREHOUSE="s3://no-such-bucket/tables")
    assert re.search(r"s3://no-such-bucket/tables: NoSuchBucket: there is no such bucket: create it", error)


def test_an_endpoint_where_nothing_listens(process: ChainProcess, pictures: str) -> None:
    error = error_of(process, AWS_ENDPOINT_URL_S3="http://127.0.0.1:1")
    assert error.startswith(f"error: {pictures}: the server does not answer: check IMAGE_ASSETS_S3_ENDPOINT")


def test_an_endpoint_that_never_answers(process: ChainProcess, s3_server: S3Server, pictures: str) -> None:
    with faulty(s3_server.endpoint, Faults(silent=True)) as endpoint:
        error = error_of(process, AWS_ENDPOINT_URL_S3=endpoint)
    assert error.startswith(f"error: {pictures}: the server does not answer")
