"""Commands that mean the same at any point of the talk. Their answers do not wait for the end of a burst."""

from collections.abc import Callable, Mapping

from besadu.domain import aftercare, asking, deadlines
from besadu.domain.complaint import ARRIVING, State
from besadu.domain.conversation import CitizenAct, Outcome, Reply
from besadu.domain.turn import Turn
from besadu.frozen import replace


def obey(turn: Turn) -> Outcome | None:
    """The command's outcome; None when the message is no such command. A file makes its caption a story."""
    handle = _COMMANDS.get(turn.said.intent)
    return None if handle is None or turn.files or turn.pin else handle(turn)


def urgent(key: str, **values: str) -> Reply:
    """An answer that does not wait."""
    return Reply(key=key, values=values, urgent=True)


def _status(turn: Turn) -> Outcome:
    said, head = turn.said, turn.head
    if said.mistyped:
        return turn.outcome(urgent("status_mistyped"))
    if said.ticket:
        if said.ticket in {head.ticket, *head.tickets}:
            return turn.outcome(status_of=said.ticket)
        return turn.outcome(urgent("status_unknown", ticket=said.ticket))
    if head.draft is not None:
        missing = asking.missing_labels(head.draft)
        return turn.outcome(Reply(key="status_draft", parts={"missing": missing}, urgent=True))
    if head.ticket:
        return turn.outcome(status_of=head.ticket)
    return turn.outcome(urgent("status_none"))


def _withdraw(turn: Turn) -> Outcome:
    """CABUT needs its number, because it cannot be undone."""
    said, head, complaint = turn.said, turn.head, turn.complaint
    if said.mistyped:
        return turn.outcome(urgent("status_mistyped"))
    if not said.ticket:
        return turn.outcome(urgent("withdraw_how", ticket=head.ticket) if head.ticket else urgent("status_none"))
    if said.ticket not in {head.ticket, *head.tickets}:
        return turn.outcome(urgent("status_unknown", ticket=said.ticket))
    if complaint is not None and complaint.ticket == said.ticket and not complaint.open:
        return turn.outcome(urgent("closed_hint", ticket=said.ticket))
    if complaint is not None and complaint.ticket == said.ticket and complaint.state in ARRIVING:
        return turn.outcome(replace(aftercare.reminder(complaint), urgent=True))
    return turn.outcome(act=CitizenAct(ticket=said.ticket, step="withdraw"))


def _person(turn: Turn) -> Outcome:
    head = replace(turn.head, needs_person=True)
    if deadlines.is_open(turn.now, turn.calendar):
        return turn.outcome(urgent("person_now"), head=head)
    opens = deadlines.date_text(deadlines.next_open(turn.now, turn.calendar))
    return turn.outcome(urgent("person_later", opens=opens), head=head)


def _by_a_person(turn: Turn) -> Outcome:
    """What no program here can do yet, said honestly."""
    return turn.outcome(urgent("data_request"), head=replace(turn.head, needs_person=True))


def _stop(turn: Turn) -> Outcome:
    """BERHENTI ends the news by SMS, and only those: an answer or a question still comes."""
    if turn.head.address.channel != "sms":
        return _by_a_person(turn)
    return turn.outcome(urgent("opted_out"), head=replace(turn.head, opted_out=True))


def _start(turn: Turn) -> Outcome:
    if not turn.head.opted_out:
        return _help(turn)
    return turn.outcome(urgent("opted_in"), head=replace(turn.head, opted_out=False))


def _here(turn: Turn) -> Outcome:
    """Answers come to the conversation used last; a citizen may choose one for good."""
    return turn.outcome(urgent("chosen_here"), head=replace(turn.head, chosen_at=turn.now))


def _open(turn: Turn) -> Outcome:
    """The message itself opens the window; what was held goes out by itself, unless it was taken back meanwhile."""
    if turn.head.held:
        return turn.outcome()
    complaint = turn.complaint
    if complaint is not None and complaint.state is State.ANSWERED:
        return turn.outcome(urgent("answer_rechecked", ticket=complaint.ticket))
    return turn.outcome(urgent("nothing_held"))


def _cancel(turn: Turn) -> Outcome:
    head, complaint = turn.head, turn.complaint
    if head.draft is not None:
        return turn.outcome(urgent("cancelled"), head=replace(head, draft=None))
    if complaint is not None and complaint.open:
        return turn.outcome(urgent("withdraw_how", ticket=complaint.ticket))
    return turn.outcome(urgent("nothing_open"))


def upload(turn: Turn) -> Outcome:
    """A link to the page for large files, where there is something that they can belong to."""
    if turn.head.draft is None and not (turn.complaint and turn.complaint.open):
        return turn.outcome(urgent("upload_nothing"))
    return replace(turn.outcome(), upload=True)


def _help(turn: Turn) -> Outcome:
    return turn.outcome(urgent("help"))


_COMMANDS: Mapping[str, Callable[[Turn], Outcome]] = {
    "cancel": _cancel,
    "data": _by_a_person,
    "help": _help,
    "here": _here,
    "history": _by_a_person,
    "open": _open,
    "person": _person,
    "status": _status,
    "start": _start,
    "stop": _stop,
    "upload": upload,
    "withdraw": _withdraw,
}
