"""Calls a function of this package in a fresh Python process.

For the work that needs TensorFlow, which keeps 700 MB to 1.5 GB once it is imported: with the child it goes. A child
that `multiprocessing` spawns would run the caller's main script again; this one does not.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from image_assets import errors

ERROR_MARK = "image_assets-error: "
ERROR_EXIT_CODE = 64
CHILD_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
}


class ChildProcessFailedError(errors.ImageAssetsError):
    """A child process ended with an error that is not one of this package."""


def _raise_child_error(name: str, stderr: str) -> NoReturn:
    lines = stderr.strip().splitlines()
    for line in reversed(lines):
        if line.startswith(ERROR_MARK):
            report = json.loads(line.removeprefix(ERROR_MARK))
            raise getattr(errors, report["error"])(report["message"])
    raise ChildProcessFailedError(f"{name} failed in its child process: {lines[-1] if lines else 'it was killed'}")


def run_in_child(
    function: Callable[..., None], *, environment: Mapping[str, str] | None = None, **arguments: str
) -> None:
    """Call a function in a fresh Python process and wait for it.

    Args:
        function: A function at the top of a module of this package.
        environment: Further environment variables of the child.
        **arguments: Its keyword arguments.

    Raises:
        ImageAssetsError: What the function raised, if its class is one of `image_assets.errors`.
        ChildProcessFailedError: It ended in another way.
    """
    target = f"{function.__module__}:{function.__qualname__}"
    search_path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = subprocess.run(  # noqa: S603  the interpreter itself, with a module of this package
        [sys.executable, "-m", __name__, target, json.dumps(arguments)],
        env={**os.environ, **CHILD_ENVIRONMENT, **search_path, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        _raise_child_error(target, child.stderr)


def main() -> None:
    """Run in the child: call the function that the command line names."""
    target, arguments = sys.argv[1:]
    module, _, function = target.partition(":")
    try:
        getattr(importlib.import_module(module), function)(**json.loads(arguments))
    except errors.ImageAssetsError as error:
        report = json.dumps({"error": type(error).__name__, "message": str(error)})
        sys.stderr.write(f"\n{ERROR_MARK}{report}\n")
        sys.exit(ERROR_EXIT_CODE)


if __name__ == "__main__":
    main()
