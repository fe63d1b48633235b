import json

from image_assets_tests.cli.process import Workspace


def test_each_thing_is_a_line_and_spark_is_tried(stored: Workspace) -> None:
    done = stored.image_assets("doctor")
    assert done.returncode == 0, done.stdout
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines() if line.startswith(("ok", "warn", "fail"))]
    assert [name for _, name, _ in lines] == [
        "settings", "Java", "memory", "weights", "engine", "source", "warehouse", "disk", "Spark", "Dagster"
    ]  # fmt: skip
    assert {state for state, name, _ in lines if name not in {"memory", "disk"}} == {"ok"}
    assert "at local[2], 2 cores" in lines[-2][2]


def test_what_is_missing_is_told_with_the_remedy_and_exit_code_1(bare: Workspace) -> None:
    done = bare.image_assets(
        "doctor", "--no-spark", "--json", JAVA_HOME="/nowhere", IMAGE_ASSETS_SOURCE="/nowhere", IMAGE_ASSETS_SEEED="1"
    )
    assert done.returncode == 1
    found = {row["name"]: row for row in json.loads(done.stdout)}
    assert {name for name, row in found.items() if row["state"] == "fail"} == {"Java", "source"}
    assert "apt-get install openjdk" in found["Java"]["remedy"]
    assert found["source"]["remedy"].startswith("set IMAGE_ASSETS_SOURCE")
    assert found["settings"]["state"] == "warn"
    assert "did you mean IMAGE_ASSETS_SEED?" in found["settings"]["message"]


def test_s3_without_credentials_is_told_with_the_remedy(bare: Workspace) -> None:
    done = bare.image_assets(
        "doctor",
        "--no-spark",
        "--json",
        IMAGE_ASSETS_WAREHOUSE="s3://nowhere/tables",
        AWS_ACCESS_KEY_ID="",
        AWS_PROFILE="",
        AWS_EC2_METADATA_DISABLED="true",
        HOME=str(bare.folder),
    )
    found = {row["name"]: row for row in json.loads(done.stdout)}
    assert (done.returncode, found["S3"]["state"]) == (1, "fail")
    assert found["S3"]["remedy"].startswith("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
