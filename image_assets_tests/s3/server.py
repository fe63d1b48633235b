"""SeaweedFS as an S3 server on loopback, with identities that may do everything, only read, or nothing.

    python -m image_assets_tests.s3.server FOLDER

runs one until it is interrupted, and prints the variables that point the project to it (`make s3`).
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

READY_SECONDS = 60
STOP_SECONDS = 30
REGION = "us-east-1"
PROBE = "ready"


@dataclass(frozen=True)
class Keys:
    """An identity of the server."""

    access_key: str
    secret_key: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the standard AWS chain; no file of the user's has a say."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


WRITER = Keys("image-assets-writer", "sk-writer-0f61c94d7be2")
READER = Keys("image-assets-reader", "sk-reader-58e0a7b21c9f")
IDENTITIES = [(WRITER, ["Admin", "Read", "Write", "List", "Tagging"]), (READER, ["Read", "List"])]


@dataclass(frozen=True)
class Ports:
    """The ports of a server; the service behind each of the first four also listens for gRPC, 10,000 above."""

    s3: int
    filer: int
    volume: int
    master: int

    @classmethod
    def free(cls) -> "Ports":
        """Find ports that nothing listens on."""
        found: list[int] = []
        candidate = 20_000 + os.getpid() % 5_000
        while len(found) < 4:
            if all(_is_free(port) for port in (candidate, candidate + 10_000)):
                found.append(candidate)
            candidate += 1
        return cls(*found)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class S3Server:
    """A server with its data in a folder; it can be killed and started again on the same data."""

    def __init__(self, folder: Path, ports: Ports | None = None) -> None:
        self.folder, self._ports = folder, ports or Ports.free()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports.s3}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which any AWS client finds the server."""
        return {"AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_REGION": REGION, **WRITER.environment}

    @property
    def trial(self) -> dict[str, str]:
        """The same, and the one that puts the tables of the project into the bucket that is there from the start."""
        return {**self.environment, "IMAGE_ASSETS_WAREHOUSE": f"s3://{PROBE}/tables"}

    def client(self, keys: Keys = WRITER) -> Any:
        """Return a boto3 client that gives up soon."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            config=Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 1}),
        )

    def start(self) -> None:
        """Start the server and wait until it has stored and returned an object."""
        executable = shutil.which("weed", path=str(Path(sys.executable).parent))
        if executable is None:
            raise FileNotFoundError("no weed beside the interpreter: the development environment has it (make setup)")
        data, ports = self.folder / "data", self._ports
        data.mkdir(parents=True, exist_ok=True)
        identities = [
            {
                "name": keys.access_key,
                "credentials": [{"accessKey": keys.access_key, "secretKey": keys.secret_key}],
                "actions": actions,
            }
            for keys, actions in IDENTITIES
        ]
        configuration = self.folder / "s3.json"
        configuration.write_text(json.dumps({"identities": identities}))
        arguments = {
            "dir": data,
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": ports.master,
            "master.volumeSizeLimitMB": 256,
            "volume.port": ports.volume,
            "volume.max": 200,
            "filer.port": ports.filer,
            "s3.port": ports.s3,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.config": configuration,
            "s3.localSocket": self.folder / "s3.sock",
        }
        options = [f"-{name}={value}" for name, value in arguments.items()]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [executable, "server", "-filer", "-s3", *options],
                cwd=self.folder,
                env={**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self._store_and_return()
            except (BotoCoreError, ClientError) as error:
                if time.monotonic() > deadline:
                    log = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                    raise TimeoutError(f"no S3 server after {READY_SECONDS} s: {error}\n{log}") from error
                time.sleep(0.1)
            else:
                return

    def _store_and_return(self) -> None:
        client = self.client()
        if PROBE not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
            client.create_bucket(Bucket=PROBE)
        client.put_object(Bucket=PROBE, Key=PROBE, Body=PROBE.encode())
        client.get_object(Bucket=PROBE, Key=PROBE)["Body"].read()

    def kill(self) -> None:
        """End the server at once, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def bucket(self, name: str) -> str:
        """Create a bucket and return its address."""
        self.client().create_bucket(Bucket=name)
        return f"s3://{name}"


@contextmanager
def serving(folder: Path, ports: Ports | None = None) -> Iterator[S3Server]:
    """Run a server for as long as the block runs."""
    server = S3Server(folder, ports)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def end_by_signals() -> None:
    """Let a SIGTERM end this process as Ctrl-C does, also where it was started in the background."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def main() -> None:
    """Serve the data of a folder until interrupted."""
    end_by_signals()
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with serving(folder, Ports(s3=8333, filer=8336, volume=8334, master=8335)) as server:
        lines = [f"export {name}={value}" for name, value in server.trial.items()]
        sys.stdout.write("\n".join([*lines, f"# the server stores in {folder}; end it with Ctrl-C", ""]))
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
