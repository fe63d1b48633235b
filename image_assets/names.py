"""Names that were misspelt: which known one was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 20


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like this one, upper and lower case alike; None if none is."""
    by_folded = {item.casefold(): item for item in known}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return what to say after an unknown name: the nearest known one, else those that there are."""
    names = list(known)
    meant = nearest(name, names)
    if meant is not None:
        return f"did you mean {meant}?"
    if not names:
        return "there is none yet"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"there are {', '.join(names[:SHOWN])}{more}"
