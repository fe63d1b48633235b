"""What a check found, and how checks are made."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from image_assets.errors import ImageAssetsError

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of a diagnosis.

    Attributes:
        name: of what was looked at.
        state: `ok`; `warn`: a run may work; `fail`: a run cannot work.
        message: what was found.
        remedy: what to do about it; empty if nothing is to be done.
    """

    name: str
    state: State
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes:
        name: of the thing.
        look: returns what it found; an error that it raises is a finding as well.
    """

    name: str
    look: Callable[[], Finding]

    def run(self) -> Finding:
        """Look, and let no error stop the other checks."""
        try:
            return self.look()
        except ImageAssetsError as error:
            message, _, remedy = str(error).partition(": ")
            return Finding(self.name, "fail", message, remedy)
        except Exception as error:  # noqa: BLE001 - whatever is wrong is what was looked for
            return Finding(self.name, "fail", f"{type(error).__name__}: {error}")


def run_checks(checks: Sequence[Check]) -> Iterator[Finding]:
    """Make checks one after the other."""
    for check in checks:
        yield check.run()
