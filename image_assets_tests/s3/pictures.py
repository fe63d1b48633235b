"""Some of the sample fruits in a bucket."""

from pathlib import Path
from typing import Any

from image_assets_tests.s3.server import S3Server


def upload(server: S3Server, folder: Path, address: str) -> int:
    """Put the files of a folder below an s3:// address and return how many there were."""
    client: Any = server.client()
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        client.put_object(Bucket=bucket, Key=f"{prefix}/{path.relative_to(folder)}", Body=path.read_bytes())
    return len(files)
