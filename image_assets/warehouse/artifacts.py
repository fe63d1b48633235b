"""Small artefacts beside the tables: arrays with JSON metadata, and files such as exported graphs. Never pickle.

Each lives under its content digest, so that what was published is never overwritten; a name points to the latest one
by a single small write. A reader that holds a digest keeps its artefact whatever is published after it.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from image_assets.errors import WarehouseError
from image_assets.warehouse.location import Location

METADATA_KEY = "metadata_json"


@dataclass(frozen=True)
class Artifact:
    """Named arrays and what is to be known of them.

    Attributes:
        arrays: numeric numpy arrays by name; no objects.
        metadata: anything JSON can hold.
    """

    arrays: Mapping[str, np.ndarray]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Serialize as npz, readable by `numpy.load(..., allow_pickle=False)`; metadata is the JSON in one array."""
        text = json.dumps(dict(self.metadata), sort_keys=True).encode()
        sink = io.BytesIO()
        arrays: dict[str, Any] = {METADATA_KEY: np.frombuffer(text, np.uint8), **self.arrays}
        np.savez(sink, **arrays)
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Artifact":
        """Read what `to_bytes` wrote; pickled objects are refused by numpy."""
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files if name != METADATA_KEY}
            return cls(arrays, json.loads(stored[METADATA_KEY].tobytes()))


@dataclass(frozen=True)
class ArtifactStore:
    """Artefacts under one root."""

    root: Location

    def put(self, kind: str, content: bytes, suffix: str) -> str:
        """Store a file under its content digest (SHA-256, hexadecimal) and return the digest."""
        digest = hashlib.sha256(content).hexdigest()
        location = self._file(kind, digest, suffix)
        if not location.exists():
            location.write_bytes(content)
        return digest

    def get(self, kind: str, digest: str, suffix: str) -> bytes:
        """Read the file with this digest.

        Raises:
            WarehouseError: if it is absent, or its content does not have this digest.
        """
        location = self._file(kind, digest, suffix)
        if not location.exists():
            raise WarehouseError(f"{kind} {digest[:12]} is not at {location.uri}: materialize the asset that makes it")
        content = location.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise WarehouseError(f"{location.uri} is damaged (its digest is another): delete it and materialize again")
        return content

    def point(self, kind: str, name: str, digest: str) -> None:
        """Let a name stand for a digest from now on."""
        self._pointer(kind, name).write_bytes(json.dumps({"sha256": digest}).encode())

    def resolve(self, kind: str, name: str) -> str | None:
        """Return the digest that a name stands for, None if it was never published."""
        pointer = self._pointer(kind, name)
        return str(json.loads(pointer.read_bytes())["sha256"]) if pointer.exists() else None

    def publish(self, kind: str, name: str, artifact: Artifact) -> str:
        """Store an artefact, point the name to it, and return its digest."""
        digest = self.put(kind, artifact.to_bytes(), "npz")
        self.point(kind, name, digest)
        return digest

    def load(self, kind: str, digest: str) -> Artifact:
        """Read the artefact with this digest."""
        return Artifact.from_bytes(self.get(kind, digest, "npz"))

    def latest(self, kind: str, name: str) -> tuple[str, Artifact]:
        """Return digest and content of the artefact that a name stands for.

        Raises:
            WarehouseError: if the name was never published.
        """
        digest = self.resolve(kind, name)
        if digest is None:
            raise WarehouseError(f"no {kind} was fitted yet at {self.root.uri}: materialize the asset {name} first")
        return digest, self.load(kind, digest)

    def _file(self, kind: str, digest: str, suffix: str) -> Location:
        return self.root.join(kind, f"{digest}.{suffix}")

    def _pointer(self, kind: str, name: str) -> Location:
        return self.root.join(kind, f"{name}.json")
