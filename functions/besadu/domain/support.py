"""OPDs that help the responsible one: each is asked for its part and adds it. The answer is the responsible OPD's."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from besadu.frozen import dataclass, replace


class SupportState(StrEnum):
    """How far an OPD is with its part. English in code, the office's word as the stored value."""

    ASKED = "diminta"
    DONE = "selesai"
    DECLINED = "bukan_urusan"
    ENDED = "berakhir"  # the admin no longer asks for it


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What a supporting OPD found or did. ``evidence``: ids of its files."""

    text: str
    by: str
    at: datetime
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Support:
    """One supporting OPD: what is wanted of it, and what came. Its links are bound to ``disposition``."""

    agency: str
    agency_name: str
    disposition: int  # no other hand-over of this complaint, to whomever, has this number
    wanted: str
    asked_at: datetime
    state: SupportState = SupportState.ASKED
    reason: str = ""  # why it is not its matter
    contributions: tuple[Contribution, ...] = ()

    @property
    def stands(self) -> bool:
        """Whether its OPD has to do with the complaint still, or has done its part."""
        return self.state in (SupportState.ASKED, SupportState.DONE)


Supports = tuple[Support, ...]


def of(support: Supports, agency: str) -> Support | None:
    """What stands here of this agency."""
    return next((one for one in support if one.agency == agency), None)


def changed(support: Supports, one: Support) -> Supports:
    """With ``one`` in the place of its agency's, or added: an agency stands here once."""
    if of(support, one.agency) is None:
        return (*support, one)
    return tuple(one if known.agency == one.agency else known for known in support)


def asked(support: Supports, one: Support) -> Supports:
    """With ``one`` asked. What its agency had contributed before stays."""
    before = of(support, one.agency)
    return changed(support, replace(one, contributions=before.contributions if before else ()))


def worded(support: Supports, change: Callable[[str], str]) -> Supports:
    """With all that people wrote as ``change`` leaves it: without numbers that a reader may not see."""
    return tuple(
        replace(
            one,
            wanted=change(one.wanted),
            reason=change(one.reason),
            contributions=tuple(replace(each, text=change(each.text)) for each in one.contributions),
        )
        for one in support
    )


def handed_over(support: Supports, agency: str) -> Supports:
    """As the complaint goes to ``agency``, which now leads: what is there stays, what was awaited is no longer."""
    over = (one.agency == agency or one.state is SupportState.ASKED for one in support)
    return tuple(
        replace(one, state=SupportState.ENDED) if ends else one for one, ends in zip(support, over, strict=True)
    )
