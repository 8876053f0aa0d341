"""``replace`` of frozen dataclasses, for what a webhook waits for.

The library's looks at every field and fills every one anew: a message makes a score of copies of a conversation's
head, of 24 fields, and that was a twentieth of its time. For classes without ``__post_init__`` and without slots, as
ours are; a test holds it.
"""

from typing import TYPE_CHECKING, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:  # which checks the names and types of what is changed
    from dataclasses import replace as replace  # noqa: PLC0414 - this is how mypy knows an export
else:

    def replace(value: T, /, **changes: object) -> T:
        """A copy of ``value`` with these fields changed. Raises TypeError for one that it does not have."""
        kept = value.__dict__
        if not changes.keys() <= kept.keys():
            raise TypeError(f"{type(value).__name__} has no {', '.join(sorted(changes.keys() - kept.keys()))}")
        copy = object.__new__(type(value))
        copy.__dict__.update(kept, **changes)
        return copy
