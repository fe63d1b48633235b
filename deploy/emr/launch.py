"""A Dagster asset that runs the fruits chain on an EMR cluster of its own, started for the run and ended with it."""

import json
from pathlib import Path
from typing import Any

import boto3
from dagster import AssetExecutionContext, Config, Definitions, ResourceParam, asset
from dagster_aws.pipes import PipesEMRClient, PipesS3MessageReader
from pydantic import Field

BUCKET = "my-bucket"
SUBNET = "subnet-0123456789abcdef0"
DEPLOY = f"s3://{BUCKET}/deploy"
CONFIGURATION = json.loads(Path(__file__).with_name("configuration.json").read_text(encoding="utf-8"))


class ChainOnEmr(Config):
    """What is run, and on what."""

    source: str = f"s3://{BUCKET}/pictures"
    warehouse: str = f"s3://{BUCKET}/tables"
    classes: list[str] = Field(default=[], description="Classes to run; all of the source by default.")
    instance_type: str = "c7i.4xlarge"
    n_workers: int = 4


def cluster(config: ChainOnEmr) -> dict[str, Any]:
    """Describe the cluster to EMR: one primary node, workers, and one step."""
    groups = [("MASTER", "m7i.xlarge", 1), ("CORE", config.instance_type, config.n_workers)]
    return {
        "Name": "image_assets",
        "ReleaseLabel": "emr-7.12.0",
        "Applications": [{"Name": "Hadoop"}, {"Name": "Spark"}],
        "LogUri": f"s3://{BUCKET}/emr-logs/",
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "ServiceRole": "EMR_DefaultRole",
        "Configurations": CONFIGURATION,
        "BootstrapActions": [
            {"Name": "install", "ScriptBootstrapAction": {"Path": f"{DEPLOY}/bootstrap.sh", "Args": [DEPLOY]}}
        ],
        "Instances": {
            "Ec2SubnetId": SUBNET,
            "KeepJobFlowAliveWhenNoSteps": False,
            "InstanceGroups": [
                {"InstanceRole": role, "InstanceType": kind, "InstanceCount": count} for role, kind, count in groups
            ],
        },
        "Steps": [
            {
                "Name": "chain",
                "ActionOnFailure": "TERMINATE_CLUSTER",
                "HadoopJarStep": {
                    "Jar": "command-runner.jar",
                    # spark-submit is what hands the variables of Pipes on.
                    "Args": [
                        *("spark-submit", "--deploy-mode", "client"),
                        *("--conf", "spark.pyspark.python=/opt/image_assets/bin/python"),
                        "/tmp/deploy/run_chain.py",  # noqa: S108
                    ],
                },
            }
        ],
    }


@asset(kinds={"emr", "spark"})
def chain_on_emr(context: AssetExecutionContext, config: ChainOnEmr, emr: ResourceParam[PipesEMRClient]) -> Any:
    """The fruits chain, computed on an EMR cluster of its own."""
    settings = {
        "IMAGE_ASSETS_SOURCE": config.source,
        "IMAGE_ASSETS_WAREHOUSE": config.warehouse,
        "IMAGE_ASSETS_SPARK_MASTER": "yarn",
        "IMAGE_ASSETS_SPARK_ARCHIVES": f"{DEPLOY}/environment.tar.gz#environment",
        "IMAGE_ASSETS_SPARK_PYTHON": "./environment/bin/python",
        "IMAGE_ASSETS_SPARK_EXECUTOR_CORES": "4",
        "IMAGE_ASSETS_SPARK_EXECUTOR_MEMORY": "1g",
        "IMAGE_ASSETS_SPARK_EXECUTOR_OVERHEAD": "2g",
        "IMAGE_ASSETS_SPARK_EXECUTOR_INSTANCES": str(4 * config.n_workers),
    }
    extras = {"settings": settings, "classes": config.classes}
    return emr.run(context=context, run_job_flow_params=cluster(config), extras=extras).get_results()


defs = Definitions(
    assets=[chain_on_emr],
    resources={
        "emr": PipesEMRClient(
            message_reader=PipesS3MessageReader(
                bucket=BUCKET, client=boto3.client("s3"), include_stdio_in_messages=True
            ),
        )
    },
)
