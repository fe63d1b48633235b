"""Which classes are meant by the names that somebody typed."""

from collections.abc import Iterable, Sequence

from image_assets.errors import SourceError
from image_assets.names import suggestion
from image_assets.vision.labels import class_key


def chosen_classes(wanted: Sequence[str] | None, known: Iterable[str], where: str, noun: str = "class") -> list[str]:
    """Return the wanted classes, each once, sorted; all that are known if none is named.

    A class may be named as its folder is, with white space.

    Args:
        wanted: names as typed.
        known: classes that there are.
        where: what has these classes, for the message.
        noun: what one of them is called.

    Raises:
        SourceError: naming the classes that are unknown, and what was probably meant.
    """
    names = sorted(set(known))
    if not wanted:
        return names
    keys = sorted({name if name in names else class_key(name) for name in wanted})
    unknown = [key for key in keys if key not in names]
    if unknown:
        problems = "; ".join(f"{key!r}: {suggestion(key, names)}" for key in unknown)
        raise SourceError(f"{where} has no {noun} {problems}")
    return keys
