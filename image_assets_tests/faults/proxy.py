"""An HTTP proxy before the S3 server that answers some requests itself: with errors, late, or never."""

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

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
        loses: whether the answer to a request of this method and path is lost: it is carried out, and answered by 500.
        seed: of the choice.
        requests: number of requests so far.
        errors: number of those answered by 500 or 503.
    """

    error_rate: float = 0.0
    delay_seconds: float = 0.0
    refusal: tuple[int, str] | None = None
    silent: bool = False
    loses: Callable[[str, str], bool] = lambda _method, _path: False
    seed: int = 7
    requests: int = 0
    errors: int = 0
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
