from collections.abc import Iterator

import pytest

from image_assets_tests.cluster.local_cluster import LocalCluster, cluster, credentials
from image_assets_tests.s3.server import S3Server


@pytest.fixture(scope="module")
def spark_cluster(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A master and two workers of one core, that share nothing but the S3 server."""
    with cluster(tmp_path_factory.mktemp("cluster"), credentials(s3_server)) as found:
        yield found
