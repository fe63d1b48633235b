"""Runs on the primary node of an EMR cluster: the chain, and what it printed as a report to Dagster."""

import subprocess
import tempfile

from dagster_pipes import PipesS3MessageWriter, open_dagster_pipes


def main() -> None:
    """Run `image-assets run` with the settings that the launching asset has sent."""
    import boto3

    with (
        open_dagster_pipes(message_writer=PipesS3MessageWriter(boto3.client("s3"))) as pipes,
        tempfile.TemporaryDirectory() as home,
    ):
        settings = pipes.extras["settings"]
        environment = {
            "HADOOP_CONF_DIR": "/etc/hadoop/conf",
            "PATH": "/usr/bin:/bin",
            "DAGSTER_HOME": home,  # an instance of this run alone; what is to last is reported through Pipes
            **settings,
        }
        command = ["/opt/image_assets/bin/image-assets", "run", *pipes.extras["classes"]]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        pipes.log.info(done.stdout)
        if done.returncode:
            raise RuntimeError(done.stderr[-4000:])
        pipes.report_asset_materialization(metadata={"output": {"raw_value": done.stdout[-4000:], "type": "text"}})


if __name__ == "__main__":
    main()
