"""An answer as its citizen would see it: on the own channel, and how it would come over each other one."""

from besadu import texts
from besadu.channels import CHANNELS, gsm
from besadu.domain import clocks, workflow
from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import date_text, short_date_text
from besadu.domain.message import Channel
from besadu.frozen import dataclass
from besadu.services import notices
from besadu.services.delivery import carrier_of
from besadu.services.office import Office


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One channel. ``pieces``: each is a message of its own; ``buttons`` stand under the last, where there are any."""

    channel: Channel
    own: bool  # by which the citizen is answered, as far as is known now
    pieces: tuple[str, ...]
    letters: int
    buttons: tuple[str, ...]
    segments: int = 0  # paid for, SMS only
    plain: bool = True  # whether an SMS does with the cheap alphabet (GSM-7)


def of_answer(office: Office, complaint: Complaint, text: str) -> tuple[Preview, ...]:
    """The message with this text on each channel, the citizen's own first."""
    own = carrier_of(complaint.reporter.address)
    promise = complaint.answer is not None and complaint.answer.scheduled_for is not None
    channels = (channel for channel in CHANNELS if channel != "email")  # that is for posts
    shown = (_on(office, complaint, channel, text, promise=promise, own=channel == own) for channel in channels)
    return tuple(sorted(shown, key=lambda one: (not one.own, one.channel)))


def _on(office: Office, complaint: Complaint, channel: Channel, text: str, *, promise: bool, own: bool) -> Preview:
    brief = channel == "sms"
    said = _words(office, complaint, text, promise=promise, brief=brief)
    pieces = tuple(CHANNELS[channel].split(said))
    sizes = [gsm.size(piece) for piece in pieces] if brief else []
    return Preview(
        channel=channel,
        own=own,
        pieces=pieces,
        letters=sum(map(len, pieces)),
        buttons=() if brief or promise else notices.VERDICT_BUTTONS,
        segments=sum(size.segments for size in sizes),
        plain=all(size.alphabet == "gsm7" for size in sizes),
    )


def _words(office: Office, complaint: Complaint, text: str, *, promise: bool, brief: bool) -> str:
    day = short_date_text if brief else date_text
    promised = complaint.answer.scheduled_for if complaint.answer else None
    key = workflow.words("promise" if promise else "deliver", "admin")
    return texts.wording(brief=brief)(
        key,
        ticket=complaint.ticket,
        agency=complaint.agency_name,
        answer=text.strip(),
        days=str(clocks.days("reply", complaint, office.calendar())),
        day=day(promised) if promised else "",
    )
