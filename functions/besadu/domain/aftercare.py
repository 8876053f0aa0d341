"""What a message means for a complaint that is already with us: addition, answer to a question, verdict, mark."""

from besadu.domain.complaint import ARRIVING, Complaint, State
from besadu.domain.conversation import CitizenAct, CitizenStep, Outcome, Reply
from besadu.domain.turn import ACKNOWLEDGE_EVERY, Turn
from besadu.frozen import replace

VERDICT_BUTTONS = ("PUAS", "BELUM")
CONTENT_FROM = 3  # a mark from here on means satisfied

# In answer to a question, these are the answer; otherwise they would be for the dialogue itself.
ANSWERS = frozenset({"", "yes", "no", "none", "done", "rate", "satisfied", "dissatisfied", "change"})


def verdict(turn: Turn) -> Outcome | None:  # noqa: PLR0911 - one return a rule, read from top to bottom
    """PUAS, BELUM, a mark, or the reason that BELUM still lacked. None when the message is none of these."""
    head, said = turn.head, turn.said
    if head.rating_for and said.intent == "rate":
        act = CitizenAct(ticket=head.rating_for, step="rate", text=said.rest, rating=said.rating)
        return turn.outcome(Reply(key="thanks_final", urgent=True), head=replace(head, rating_for=""), act=act)
    complaint = turn.complaint
    if complaint is None or complaint.state not in ARRIVING:
        return None
    arrived = complaint.state is State.DELIVERED  # before that a mere "sudah" or "tidak" is no verdict
    if said.intent == "rate" and said.rating is not None:
        return _mark(turn, complaint, said.rating)
    if said.intent == "satisfied" or (said.intent == "done" and arrived and head.draft is None):
        return _satisfied(turn, complaint)
    if said.intent == "dissatisfied" and (said.rest or turn.files) and head.draft is None:
        return _dissatisfied(turn, complaint, said.rest or turn.text)
    if (said.intent == "dissatisfied" and not said.rest) or (said.intent == "no" and arrived and head.draft is None):
        return turn.outcome(Reply(key="ask_reason", urgent=True), head=replace(head, reason_for=complaint.ticket))
    if head.reason_for == complaint.ticket and head.draft is None and said.intent == "" and not turn.empty:
        return _dissatisfied(turn, complaint, turn.text)
    return None


def joins(turn: Turn, complaint: Complaint) -> Outcome:
    """A message without a draft goes to the open complaint: as the answer to our question, or as an addition."""
    head = replace(turn.head, rating_for="")
    if complaint.state is State.ASKED:
        return _passed_on(replace(turn, head=head), complaint, "reply", "replied", always=True)
    if complaint.state is State.DELIVERED:
        return _passed_on(replace(turn, head=head), complaint, "add", "added_verdict", buttons=VERDICT_BUTTONS)
    return _passed_on(replace(turn, head=head), complaint, "add", "added")


def addition(turn: Turn, complaint: Complaint, text: str) -> Outcome:
    """A note about an edited or deleted message. It is not answered."""
    return turn.outcome(act=CitizenAct(ticket=complaint.ticket, step="add", text=text))


def reminder(complaint: Complaint) -> Reply:
    """Small talk after an answer: friendly, and PUAS or BELUM is still open."""
    return Reply(key="verdict_reminder", values={"ticket": complaint.ticket}, buttons=VERDICT_BUTTONS)


def _passed_on(
    turn: Turn,
    complaint: Complaint,
    step: CitizenStep,
    key: str,
    *,
    buttons: tuple[str, ...] = (),
    always: bool = False,
) -> Outcome:
    head, text = turn.head, turn.text
    if turn.pin:
        text = f"{text}\n(lokasi) {turn.pin.text} {turn.pin.latitude}, {turn.pin.longitude}".strip()
    if turn.alarm:
        head = replace(head, needs_person=True)
    last = head.acknowledged_at
    quiet = last is not None and turn.now < last + ACKNOWLEDGE_EVERY and not turn.unsent(last)
    act = CitizenAct(ticket=complaint.ticket, step=step, text=text)
    if quiet and not turn.alarm and not always:
        return turn.outcome(head=head, act=act)
    reply = Reply(
        key=key, values={"ticket": complaint.ticket}, before=turn.alarm, buttons=buttons, urgent=bool(turn.alarm)
    )
    return turn.outcome(reply, head=replace(head, acknowledged_at=turn.now), act=act)


def _mark(turn: Turn, complaint: Complaint, rating: int) -> Outcome:
    """A mark alone is a verdict, too. A low one does not reopen by itself: first we ask what is not right."""
    if rating >= CONTENT_FROM:
        act = CitizenAct(ticket=complaint.ticket, step="satisfied", text=turn.said.rest, rating=rating)
        head = replace(turn.head, reason_for="", rating_for="")
        return turn.outcome(Reply(key="thanks_final", urgent=True), head=head, act=act)
    act = CitizenAct(ticket=complaint.ticket, step="rate", text=turn.said.rest, rating=rating)
    head = replace(turn.head, reason_for=complaint.ticket)
    return turn.outcome(Reply(key="rated_low", urgent=True), head=head, act=act)


def _satisfied(turn: Turn, complaint: Complaint) -> Outcome:
    act = CitizenAct(ticket=complaint.ticket, step="satisfied", text=turn.said.rest)
    return turn.outcome(head=replace(turn.head, reason_for="", rating_for=complaint.ticket), act=act)


def _dissatisfied(turn: Turn, complaint: Complaint, reason: str) -> Outcome:
    act = CitizenAct(ticket=complaint.ticket, step="dissatisfied", text=reason)
    return turn.outcome(head=replace(turn.head, reason_for="", rating_for=""), act=act)
