"""An HTTP proxy before the S3 server that answers some requests itself: with errors, late, or never.

    python -m image_assets_tests.faults.proxy ENDPOINT FAULTS

runs one with faults given as JSON, and prints its address and the paths of the requests whose answer it has lost.
"""

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from image_assets_tests.shared import REPOSITORY

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
ERROR = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{code}</Message></Error>'


@dataclass
class Faults:
    """What the proxy does to requests; may be changed while it runs.

    Attributes:
        error_rate: share of the requests that are answered by 500 or 503.
        delay_seconds: wait before each answer.
        refusal: code of an S3 error that every request is answered by, and its HTTP status.
        silent: whether requests are never answered.
        loses_every: the how manyth PUT is carried out and answered by 500: its answer is lost; 0 loses none.
        loses_first: in the paths of PUTs whose first answer is lost.
        seed: of the choice.
        requests: number of requests so far.
        errors: number of those answered by 500 or 503.
        lost: paths of those that were carried out and answered by 500.
    """

    error_rate: float = 0.0
    delay_seconds: float = 0.0
    refusal: tuple[int, str] | None = None
    silent: bool = False
    loses_every: int = 0
    loses_first: str | None = None
    seed: int = 7
    requests: int = 0
    errors: int = 0
    lost: list[str] = field(default_factory=list)
    _puts: int = 0
    _random: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def choose(self) -> tuple[int, str] | None:
        """Return the error that the next request is answered by, if any."""
        with self._lock:
            self.requests += 1
            if self.refusal is not None:
                return self.refusal
            if self._random.random() >= self.error_rate:
                return None
            self.errors += 1
            return self._random.choice([(500, "InternalError"), (503, "SlowDown")])

    def loses(self, method: str, path: str) -> bool:
        """Whether the answer to a request is lost."""
        if method != "PUT":
            return False
        with self._lock:
            self._puts += 1
            loses = self.loses_every > 0 and self._puts % self.loses_every == 0
            loses = loses or (self.loses_first is not None and self.loses_first in path and path not in self.lost)
            self.lost += [path] if loses else []
            return loses


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: Faults
    target: str

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.faults.silent:
            time.sleep(600)
        time.sleep(self.faults.delay_seconds)
        error = self.faults.choose()
        if error is not None:
            self._answer_error(*error)
            return
        connection = http.client.HTTPConnection(self.target, timeout=60)
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers.items()))
            response = connection.getresponse()
            content = response.read()
        except OSError:  # the server is down: the client sees its connection closed, as without a proxy
            self.close_connection = True
            return
        finally:
            connection.close()
        if self.faults.loses(self.command, self.path):
            self._answer_error(500, "InternalError")
            return
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        length = response.getheader("Content-Length")
        self._answer(response.status, headers, content, length if self.command == "HEAD" else None)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_request  # noqa: N815 - names that http.server asks for

    def _answer_error(self, status: int, code: str) -> None:
        self._answer(status, [("Content-Type", "application/xml")], ERROR.format(code=code).encode())

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, length: str | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is no news."""


@contextmanager
def faulty(endpoint: str, faults: Faults) -> Iterator[str]:
    """Run a proxy before a server for as long as the block runs, and yield its address."""
    handler = type("Handler", (_Handler,), {"faults": faults, "target": urlsplit(endpoint).netloc})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def faulty_process(endpoint: str, faults: Mapping[str, Any], log: Path) -> Iterator[str]:
    """Do the same in a process of its own: for clients in this one that let no thread run while they wait (delta-rs).

    Args:
        endpoint: of the server.
        faults: attributes of `Faults`.
        log: gets the address, and below it the paths of the requests whose answer was lost.
    """
    command = [sys.executable, "-m", __name__, endpoint, json.dumps(faults)]
    with log.open("w") as sink, subprocess.Popen(command, cwd=REPOSITORY, stdout=sink) as process:
        try:
            while not (lines := log.read_text().splitlines()):
                assert process.poll() is None, "the proxy has ended"
                time.sleep(0.05)
            yield lines[0]
        finally:
            process.kill()


def main() -> None:
    """Run a proxy until the process is ended."""
    values = json.loads(sys.argv[2])
    faults = Faults(**{**values, "refusal": tuple(values["refusal"]) if "refusal" in values else None})
    told = 0
    with faulty(sys.argv[1], faults) as address:
        sys.stdout.write(f"{address}\n")
        while True:
            sys.stdout.write("".join(f"{path}\n" for path in faults.lost[told:]))
            sys.stdout.flush()
            told = len(faults.lost)
            time.sleep(0.05)


if __name__ == "__main__":
    main()
