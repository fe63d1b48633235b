"""Dagster's own records on S3, as deploy/README.md documents them."""

import re
import sys
from pathlib import Path
from typing import Any

import yaml
from dagster import DagsterInstance, Definitions, asset
from dagster_aws.s3 import S3PickleIOManager, S3Resource

from image_assets_tests.s3.server import S3Server
from image_assets_tests.shared import REPOSITORY

PAGE = (REPOSITORY / "deploy/README.md").read_text()
LINE = "a line for the log"


@asset
def answer() -> int:
    sys.stdout.write(f"{LINE}\n")
    return 42


def documented(bucket: str, endpoint: str) -> dict[str, Any]:
    """Return what the page says of `dagster.yaml`, with its lines for other servers than AWS."""
    found = re.search(r"```yaml\n(compute_logs:.*?)```", PAGE, re.DOTALL)
    assert found
    text = re.sub(r"# ((?:endpoint_url|use_ssl): )", r"\1", found.group(1))
    text = text.replace("http://127.0.0.1:8333", endpoint).replace("my-bucket", bucket)
    return dict(yaml.safe_load(text))


def test_logs_and_values_of_assets_are_objects(s3_server: S3Server, tmp_path: Path) -> None:
    s3_server.bucket("records")
    overrides = documented("records", s3_server.endpoint)
    assert overrides["compute_logs"]["config"]["endpoint_url"] == s3_server.endpoint
    assert "S3PickleIOManager(s3_resource=..., s3_bucket=...)" in PAGE
    values = S3PickleIOManager(
        s3_resource=S3Resource(endpoint_url=s3_server.endpoint), s3_bucket="records", s3_prefix="values"
    )
    definitions = Definitions([answer], resources={"io_manager": values})
    with DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as instance:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
    assert result.success
    client = s3_server.client()
    keys = [item["Key"] for item in client.list_objects_v2(Bucket="records")["Contents"]]
    (log,) = [key for key in keys if re.fullmatch(rf"dagster-logs/.*{result.run_id}.*\.out", key)]
    assert LINE in client.get_object(Bucket="records", Key=log)["Body"].read().decode()
    assert "values/answer" in keys
