"""What can go wrong, said so that the caller knows what to do next. HTTP codes are chosen by the doors."""

from collections.abc import Mapping


class BesaduError(Exception):
    """Base of our own errors. Its text never holds a NIK, a phone number or a token."""


class MissingSetting(BesaduError):
    """A setting that the function needs is not there. Stops the start."""


class Refused(BesaduError):
    """The caller may not do this (signature, token, role). Nothing was touched."""


class Unreadable(BesaduError):
    """Signed, but not of a shape we know. Kept, quarantined, and not asked for again."""


class Unavailable(BesaduError):
    """An outside thing (database, queue, provider) did not answer in time. Trying again later may work."""


class Conflict(BesaduError):
    """Somebody else was faster; the state has moved on since it was read."""


class Invalid(BesaduError):
    """A form or field does not hold what it must. The text is Indonesian, for the person who filled it in."""


class InvalidFields(Invalid):
    """Some fields of a form do not hold what they must. ``problems``: name of the field -> what to do, Indonesian."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


class MediaGone(BesaduError):
    """A file cannot be had, now or later (expired, forbidden address, too big). ``reason`` is one word."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"media cannot be fetched: {reason}")
        self.reason = reason
