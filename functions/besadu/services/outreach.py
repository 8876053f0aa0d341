"""Calls to citizens whom no message has reached: what to say, what came of it, and who decides when nothing does.

Only an admin sees the number, and each time it is shown stands in the complaint's history.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from besadu import logs, texts
from besadu.domain import clocks, workflow
from besadu.domain.complaint import Actor, Complaint, State
from besadu.domain.conversation import CitizenStep
from besadu.domain.deadlines import date_text
from besadu.domain.nik import mask_in
from besadu.domain.outbox import OutboxItem
from besadu.domain.outreach import Call, CallOutcome, Outreach, after_call
from besadu.errors import Conflict, Invalid, Refused
from besadu.frozen import dataclass, replace
from besadu.services import arrival, citizen_acts, notices, reading, routing, steps
from besadu.services.office import Office
from besadu.store.client import Commit, Stored
from besadu.store.complaints import Decision
from besadu.store.keys import outbox_key

CALLED: Final = "call"  # in the history: somebody rang up, or it was decided how it goes on
NUMBER_SHOWN: Final = "show_number"
LONGEST_NOTE: Final = 500
MAY_DECIDE: Final = frozenset({"manager", "leader"})
OUTCOMES: Final[dict[CallOutcome, str]] = {
    "reached": "tersampaikan",
    "no_answer": "tidak diangkat",
    "wrong_number": "nomor salah",
}
VERDICTS: Final[dict[str, CitizenStep]] = {"puas": "satisfied", "belum": "dissatisfied"}
Choice = Literal["again", "close"]


@dataclass(frozen=True, kw_only=True)
class CallSheet:
    """A task as its caller sees it. ``number`` is masked, "" when none is known; ``script`` a paragraph each."""

    task: Outreach
    complaint: Complaint  # whose answer it is
    number: str
    script: tuple[str, ...]
    judged: bool  # whether the citizen may judge: not so for a promise, nor in a complaint that was merged
    wanted: bool  # False: meanwhile the citizen has got the answer, or it was taken back


def sheet(office: Office, actor: Actor, task_id: str) -> CallSheet:
    """One task. Raises KeyError when there is none, Refused for who neither calls nor decides, Unavailable."""
    if actor.role != "admin" and actor.role not in MAY_DECIDE:
        raise Refused("calls are for admins, decisions for the manager and the leader")
    task = _task(office, task_id).value
    answered, own = reading.complaint_of(office, task.answered), reading.complaint_of(office, task.ticket)
    return CallSheet(
        task=task,
        complaint=answered,
        number=reading.masked_phone(_number(office, task)) if actor.role == "admin" else "",
        script=_script(office, actor, answered, own),
        judged=task.ticket == task.answered and answered.state is not State.IN_PROGRESS,
        wanted=_wanted(task, answered),
    )


def show_number(office: Office, actor: Actor, task_id: str) -> str:
    """The number to ring up, after it is in the history that it was shown. Raises as ``sheet``, Invalid, Conflict."""
    _admin_only(actor)
    task = _task(office, task_id).value
    number, now = _number(office, task), office.now()
    if not number:
        raise Invalid("Nomor telepon pelapor ini tidak diketahui.")

    def decide(before: Complaint) -> Decision:
        after = replace(before, updated_at=now)
        return Decision(after=after, action=NUMBER_SHOWN, actor=actor, note="untuk menyampaikan jawaban")

    office.store.complaints.change(task.ticket, decide)
    logs.info("number_shown", ticket=task.ticket)
    return number


def record_call(
    office: Office, actor: Actor, task_id: str, *, outcome: str, note: str = "", verdict: str = "", calls_seen: int
) -> Outreach:
    """Write down what came of a call. Who was reached has the answer; PUAS or BELUM may be said at once.

    ``calls_seen``: how many calls the page showed, so that the same one is not written down twice. Raises Invalid,
    Refused for anybody but an admin, KeyError, Conflict when another call was written down meanwhile, Unavailable.
    """
    _admin_only(actor)
    known = next((one for one in OUTCOMES if one == outcome), None)
    if known is None:
        raise Invalid("Pilih hasil panggilannya.")
    note = _noted(note)
    if verdict == "belum" and known == "reached" and not note:
        raise Invalid("Tulis apa yang belum sesuai menurut pelapor.")
    call, words = Call(at=office.now(), by=actor.name, outcome=known, note=note), OUTCOMES[known]

    def act(before: Stored[Outreach]) -> Outreach:
        if before.value.state != "calling" or len(before.value.calls) != calls_seen:
            raise Conflict(task_id)
        return after_call(before.value, call, office.calendar())

    after = _change(office, actor, task_id, act, steps.joined(words, note), arrived=known == "reached")
    if known == "reached" and verdict in VERDICTS and after.ticket == after.answered:
        _judged(office, actor, after.ticket, VERDICTS[verdict], note)
    return after


def decide(office: Office, actor: Actor, task_id: str, *, choice: str, reason: str) -> Outreach:
    """After calls in vain: ring up again, or close the complaint with a written note to the citizen.

    The answer then waits in the citizen's conversation: whatever they write brings it. Raises Invalid, Refused for
    anybody but manager and leader, KeyError, Conflict, Unavailable.
    """
    if actor.role not in MAY_DECIDE:
        raise Refused("the manager or the leader decides")
    if choice not in {"again", "close"}:
        raise Invalid("Pilih keputusannya.")
    steps.filled(reason, "Alasan")
    now = office.now()

    def act(before: Stored[Outreach]) -> Outreach:
        if before.value.state != "deciding":
            raise Conflict(task_id)
        return replace(before.value, state="calling" if choice == "again" else "settled", due=now)

    words = steps.joined("telepon sekali lagi" if choice == "again" else "ditutup", reason)
    return _change(office, actor, task_id, act, words, closed=choice == "close")


def _change(
    office: Office,
    actor: Actor,
    task_id: str,
    act: Callable[[Stored[Outreach]], Outreach],
    words: str,
    *,
    arrived: bool = False,
    closed: bool = False,
) -> Outreach:
    """The task after ``act``, in one commit with the complaint's history and what it means for the complaint."""
    now, done = office.now(), list[Outreach]()

    def change(before: Complaint) -> Decision:
        task = _task(office, task_id)
        done[:] = [act(task)]
        also = partial(_stage, office, done[0], task)
        awaited = before.state is State.SENDING and before.delivered_by == task.value.answer_of
        if awaited and arrived:
            after = workflow.step(before, "confirm", actor, now=now, calendar=office.calendar())
            return Decision(after=after, action="confirm", actor=actor, note=f"Telepon: {words}", also=also)
        if awaited and closed:
            return _closing(office, before, actor, words, task.value, also)
        return Decision(after=replace(before, updated_at=now), action=CALLED, actor=actor, note=words, also=also)

    steps.change(office, _task(office, task_id).value.ticket, change)
    return done[0]


def _closing(
    office: Office, before: Complaint, actor: Actor, words: str, task: Outreach, also: Callable[[Commit], None]
) -> Decision:
    """The complaint is closed; a written note tells the citizen, and the answer waits for whatever they write."""
    now = office.now()
    after = workflow.step(before, "give_up", actor, now=now, calendar=office.calendar(), reason=words)
    values = {"agency": before.agency_name}
    told = notices.to_citizen(before, workflow.words("give_up", actor.role), values, now=now)
    messages = [one.value for one in office.store.outbox.carrying(task.answer_of) if one.value.ticket == task.ticket]
    waits = any(one.state == "held" for one in messages)
    last = next((one for one in messages if one.confirms), None)
    head = office.store.senders.read(last.sender_key, patient=True) if last and last.sender_key else None

    def stage(commit: Commit) -> None:
        also(commit)
        if last and head and not waits:
            item = replace(last, id=outbox_key(task.id, "last"), state="held", due=None, then="", attempts=0)
            office.store.outbox.stage(commit, item)
            office.store.senders.stage_held(commit, item.sender_key, item.id)

    return Decision(after=after, action="give_up", actor=actor, note=words, outbox=(told,), also=stage)


def _judged(office: Office, actor: Actor, ticket: str, step: CitizenStep, note: str) -> None:
    """What the citizen said on the telephone, as if they had written it. Who wrote it meanwhile has judged already."""
    words = steps.joined(f"lewat telepon, dicatat {actor.name}", note)

    def judge(before: Complaint) -> Decision:
        return citizen_acts.decide(office, before, step, office.now(), text=words)

    try:
        steps.change(office, ticket, judge)
    except workflow.NotAllowed:
        return


def _stage(office: Office, after: Outreach, before: Stored[Outreach], commit: Commit) -> None:
    office.store.outreach.stage(commit, after, before)
    if after.state == "deciding":
        office.store.reminders.stage(commit, arrival.told(office, after))


def _wanted(task: Outreach, answered: Complaint) -> bool:
    if answered.delivered_by != task.answer_of:
        return False
    # In work again: what was to be told is for when the work is promised.
    return answered.state in {State.SENDING, State.IN_PROGRESS} or task.ticket != task.answered


def _script(office: Office, actor: Actor, answered: Complaint, own: Complaint) -> tuple[str, ...]:
    """What to say. The complaint is named only once it is sure who is on the telephone."""
    given = answered.answer
    promised = given.scheduled_for if given and answered.state is State.IN_PROGRESS else None
    values = {
        "day": date_text(promised) if promised else "",
        "caller": actor.name,
        "ticket": own.ticket,
        "title": own.title,
        "made": date_text(own.created_at),
        "agency": answered.agency_name,
        "answer": given.text if given else "",
        "days": str(clocks.days("reply", answered, office.calendar())),
    }
    return tuple(texts.script(key, **values) for key in ("greet", "tell", "promise" if promised else "ask", "stranger"))


def _number(office: Office, task: Outreach) -> str:
    """From the message that did not arrive, whichever of the citizen's conversations it was for."""
    found = [one.value for one in office.store.outbox.carrying(task.answer_of) if one.value.ticket == task.ticket]
    item: OutboxItem | None = next(iter(found), None)
    return routing.number_of(office, item) if item else ""


def _task(office: Office, task_id: str) -> Stored[Outreach]:
    stored = office.store.outreach.read(task_id)
    if stored is None:
        raise KeyError(task_id)
    return stored


def _noted(note: str) -> str:
    note = mask_in(note.strip())
    if len(note) > LONGEST_NOTE:
        message = f"Catatan terlalu panjang: paling banyak {LONGEST_NOTE} huruf."
        raise Invalid(message)
    return note


def _admin_only(actor: Actor) -> None:
    if actor.role != "admin":
        raise Refused("only an admin rings up citizens")
