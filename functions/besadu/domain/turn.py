"""One message as the dialogue sees it: read, its NIK taken out and sealed, its files numbered."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from besadu.domain import alarms, nik, understanding
from besadu.domain.complaint import Complaint, HeldNik, Place, TalkLine
from besadu.domain.conversation import CitizenAct, Conversation, Outcome, Reply
from besadu.domain.deadlines import WIB, Calendar, hours_text
from besadu.domain.message import Attachment, Inbound
from besadu.domain.understanding import Understood
from besadu.frozen import dataclass, replace

FILES = frozenset({"image", "video", "audio", "document"})
NIK_MARK = "[NIK]"
ACKNOWLEDGE_EVERY = timedelta(hours=6)
CHAT_EVERY = timedelta(hours=1)
GREET_EVERY = timedelta(days=30)
_ABOUT_NIK = re.compile(r"\b(?:nik|ktp)\b", re.IGNORECASE)
_ONLY_DIGITS = re.compile(r"(?i)\W*(?:nik|ktp|no|nomor|saya|ini|nya|adalah|[:=\s])*(\d[\d\s.\-]{4,})\W*")
_LIKELY_NIK = range(15, 18)  # digits of a number that is taken for a NIK without being asked for


@dataclass(frozen=True, kw_only=True)
class Turn:
    """``text`` and ``files`` hold no NIK. ``head`` already knows that the citizen wrote."""

    head: Conversation
    key: str
    now: datetime
    calendar: Calendar
    complaint: Complaint | None
    text: str
    content: str  # the text, or what is left of it after a command
    said: Understood
    at: datetime
    nik: HeldNik | None = None
    nik_problem: str = ""
    nik_problem_count: int = 0
    files: tuple[Attachment, ...] = ()
    pin: Place | None = None
    too_big: bool = False  # there was a file that the channel does not carry
    other: str = ""  # "sticker" or "contact" when there is nothing else
    alarm: tuple[str, ...] = ()  # keys of the texts that must come first

    @property
    def evidence(self) -> tuple[str, ...]:
        """The ids of ``files``, in their order."""
        return evidence_ids(self.key, len(self.files))

    @property
    def voice(self) -> bool:
        """Whether a voice note or other recording came."""
        return any(each.kind == "audio" for each in self.files)

    @property
    def empty(self) -> bool:
        """Nothing that could be used."""
        return not (self.text.strip() or self.files or self.pin)

    @property
    def line(self) -> TalkLine:
        """The message as a line of the talk."""
        return TalkLine(at=self.at, speaker="citizen", text=self.text, key=self.key, evidence=self.evidence)

    def with_content(self, text: str) -> "Turn":
        """The same message, as if it said only ``text``: what remains after a command."""
        return replace(self, content=text, said=Understood())

    def unsent(self, since: datetime | None) -> bool:
        """Whether what was worded at ``since`` still waits for the end of the burst, so that nobody has read it."""
        pending = self.head.pending
        return pending is not None and since is not None and pending.due > self.now and since >= pending.first_at

    def outcome(
        self,
        reply: Reply | None = None,
        *,
        head: Conversation | None = None,
        act: CitizenAct | None = None,
        submit: bool = False,
        status_of: str = "",
        keep_files: bool = False,
    ) -> Outcome:
        """What this message leads to. Files are fetched only for a draft or a complaint."""
        return Outcome(
            head=head or self.head,
            text=self.text,
            reply=reply and self._with_hours(reply),
            act=act,
            submit=submit,
            status_of=status_of,
            files=self.files if keep_files or act is not None else (),
        )

    def _with_hours(self, reply: Reply) -> Reply:
        """Several texts say when the office is there."""
        hours = {"hour": f"{self.calendar.opens:%H.%M}", "hours": hours_text(self.calendar)}
        return replace(reply, values={**hours, **reply.values})


def evidence_ids(key: str, count: int) -> tuple[str, ...]:
    """The ids of the files of one message: the first 24 characters of its inbox id and the file's place, from 0."""
    return tuple(f"{key[:24]}-{number}" for number in range(count))


def listen(
    head: Conversation,
    message: Inbound,
    *,
    key: str,
    complaint: Complaint | None,
    now: datetime,
    seal: Callable[[str], HeldNik],
    calendar: Calendar,
) -> Turn:
    """Read the message. From here on no NIK stands in the clear."""
    found, masked = nik.find_and_mask(message.text)
    held, problem, count = _nik_in(message.text, found, head, now, seal)
    text = _masked(message.text, masked, only_digits=problem != "")
    return Turn(
        head=replace(
            head,
            last_inbound_at=head.last_inbound_at if message.uploaded else now,
            name=nik.mask_in(message.name) or head.name,
            sequence=head.sequence + 1,
        ),
        key=key,
        now=now,
        calendar=calendar,
        complaint=complaint if complaint is not None and complaint.ticket == head.ticket else None,
        text=text,
        content=text,
        said=_understood(message, text),
        at=message.received_at,
        nik=held,
        nik_problem=problem,
        nik_problem_count=count,
        files=tuple(_safe(each) for each in message.attachments if each.kind in FILES),
        pin=_pin(message.attachments),
        too_big=message.too_big,
        other=next((each.kind for each in message.attachments if each.kind in {"sticker", "contact"}), ""),
        alarm=_alarm(text),
    )


def _understood(message: Inbound, text: str) -> Understood:
    if message.payload:
        pressed = understanding.read(nik.mask_in(message.payload))
        if pressed.intent:
            return pressed
    return understanding.read(text)


def _nik_in(
    text: str,
    runs: list[nik.Found],
    head: Conversation,
    now: datetime,
    seal: Callable[[str], HeldNik],
) -> tuple[HeldNik | None, str, int]:
    """The first valid NIK, sealed; or else the key of the text on what is wrong with the first one meant as such."""
    today = now.astimezone(WIB).date()
    asked = (head.draft is not None and head.draft.asking == "nik") or bool(_ABOUT_NIK.search(text))
    problem: nik.NikProblem | None = None
    found = [text[run.start : run.end] for run in runs]
    if not found and asked and (digits := _ONLY_DIGITS.fullmatch(text)):
        found = [digits.group(1)]
    for run in found:
        result = nik.check(run, today)
        if isinstance(result, nik.Nik):
            return seal(result.digits), "", 0
        if problem is None and (asked or result.length in _LIKELY_NIK):
            problem = result
    if problem is None:
        return None, "", 0
    return None, "nik_letters" if problem.letters else f"nik_{problem.flaw.value}", problem.length


def _masked(text: str, masked: str, *, only_digits: bool) -> str:
    """Without any NIK, also without a short one that was sent as an answer: a digit left out hides nothing."""
    if only_digits and (digits := _ONLY_DIGITS.fullmatch(text)):
        return f"{text[: digits.start(1)]}{NIK_MARK}{text[digits.end(1) :]}"
    return masked


def _safe(attachment: Attachment) -> Attachment:
    return replace(attachment, filename=nik.mask_in(attachment.filename), label=nik.mask_in(attachment.label))


def _pin(attachments: tuple[Attachment, ...]) -> Place | None:
    for each in attachments:
        if each.kind == "location" and each.latitude is not None and each.longitude is not None:
            return Place(text=nik.mask_in(each.label), latitude=each.latitude, longitude=each.longitude)
    return None


def _alarm(text: str) -> tuple[str, ...]:
    return tuple(
        key
        for key, rings in (("emergency", alarms.is_emergency(text)), ("protection", alarms.needs_protection(text)))
        if rings
    )
