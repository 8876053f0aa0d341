"""The talk with a citizen: one message in, the new head of the conversation and at most one reply out. Pure."""

from collections.abc import Callable
from datetime import datetime

from besadu.domain import aftercare, asking, commands, deadlines, drafting, understanding, whereabouts
from besadu.domain.complaint import Complaint, HeldNik, State
from besadu.domain.conversation import Conversation, Draft, Outcome, Reply
from besadu.domain.message import Inbound
from besadu.domain.turn import ACKNOWLEDGE_EVERY, CHAT_EVERY, GREET_EVERY, Turn, listen
from besadu.frozen import replace

EDITED = "(disunting)"
DELETED = "(dihapus pelapor)"
NO_HOLIDAYS = deadlines.Calendar()


def advance(  # noqa: PLR0913 - all that a pure function needs to know, each by name
    head: Conversation,
    message: Inbound,
    *,
    key: str,
    complaint: Complaint | None,
    now: datetime,
    seal: Callable[[str], HeldNik],
    target_key: str = "",
    calendar: deadlines.Calendar = NO_HOLIDAYS,
) -> Outcome:
    """What ``message`` leads to.

    ``key`` is its inbox id, ``target_key`` that of the message which an edit or deletion is about; ``complaint`` is
    that of ``head.ticket``; ``seal`` turns a valid NIK into what we keep, and nothing else that comes back holds it.

    The service makes one commit of the outcome:
    - ``submit``: the draft, still in ``head.draft``, becomes a complaint; the service words the reply with its number,
      clears the draft and sets ``ticket`` and ``tickets``.
    - ``act``: with a ``reply``, that is the answer. Without one, a step whose row tells the citizen something
      (satisfied, dissatisfied, withdraw) answers by itself, and an addition stays unanswered. A withdrawal or a mark
      may be about an older complaint than the one that was handed in.
    - ``status_of``: the service words the state of that ticket, after making sure that it is the citizen's own.
    - ``upload``: the service words the reply with a link to the page for large files.
    - ``files``: their evidence ids are ``turn.evidence_ids(key, len(files))``, in the same order; a full draft takes
      fewer than came.

    The reply's words are ``texts.compose(reply)``: greeting and warnings stand in ``reply.before``.
    """
    turn = listen(head, message, key=key, complaint=complaint, now=now, seal=seal, calendar=calendar)
    if message.kind == "edit":
        return _edited(turn, target_key)
    if message.kind == "revoke":
        return _deleted(turn, target_key)
    if message.kind != "message":
        return Outcome(head=head, text=turn.text)
    return commands.obey(turn) or aftercare.verdict(turn) or _about_draft(turn) or _small_talk(turn) or _told(turn)


def _about_draft(turn: Turn) -> Outcome | None:
    """LAPOR, and what is said about a draft. None leaves the message to be read as small talk or a story."""
    draft = turn.head.draft
    if turn.said.intent == "report":
        content = turn.with_content(turn.said.rest)
        return _draft_goes_on(content, draft or drafting.start(turn.now), anew=draft is None)
    if turn.files or turn.pin:
        return None
    return _without_draft(turn) if draft is None else _with_draft(turn, draft)


def _with_draft(turn: Turn, draft: Draft) -> Outcome | None:  # noqa: PLR0911 - one return a rule
    """YA, UBAH, SELESAI, TIDAK ADA."""
    intent, rest = turn.said.intent, turn.said.rest
    if intent in {"yes", "okay"} and not asking.missing(draft) and (intent == "yes" or draft.confirming):
        return turn.outcome(head=replace(turn.head, draft=_with_line(draft, turn)), submit=True)
    slot = asking.heard(draft, turn)
    match intent:
        case "change" if rest and (draft.confirming or drafting.names_slot(rest)):
            return _prompted(turn, drafting.change(_with_line(draft, turn), rest, turn))
        case "change" | "no" if not rest and (intent == "change" or draft.confirming):
            draft = replace(_with_line(draft, turn), changing=True, confirming=False, asking="")
            return turn.outcome(commands.urgent("ask_change"), head=replace(turn.head, draft=draft))
        case "none" | "no" | "done" if slot == "evidence":
            return _prompted(turn, replace(_with_line(draft, turn), no_evidence=True))
        case "none" if drafting.denies_evidence(turn.text):
            return _prompted(turn, replace(_with_line(draft, turn), no_evidence=True))
        case "done":
            return _prompted(turn, asking.accept_story(_with_line(draft, turn)))
        case "yes" | "no" | "none":
            return _prompted(turn, _with_line(draft, turn))
    return None


def _without_draft(turn: Turn) -> Outcome | None:  # noqa: PLR0911 - one return a rule
    complaint, intent = turn.complaint, turn.said.intent
    if complaint is not None and complaint.open:
        asked = complaint.state is State.ASKED
        if asked and intent in aftercare.ANSWERS and not turn.empty:
            return aftercare.joins(turn, complaint)
        if intent == "change" and not turn.said.rest:
            return turn.outcome(commands.urgent("change_after", ticket=complaint.ticket))
        if complaint.state is State.DELIVERED and intent in {"yes", "none"}:
            return turn.outcome(replace(aftercare.reminder(complaint), urgent=True))
        return None
    if intent == "change" and turn.said.rest:
        return None
    if intent in {"change", "none", "done"}:
        return turn.outcome(commands.urgent("nothing_open"))
    if intent in {"satisfied", "dissatisfied"} and len(turn.text.split()) <= 3:
        return turn.outcome(
            commands.urgent("closed_hint", ticket=turn.head.ticket)
            if turn.head.ticket
            else commands.urgent("nothing_open")
        )
    return None


def _small_talk(turn: Turn) -> Outcome | None:
    """Greetings, thanks, a sticker: a short answer at most once an hour, and nothing is opened. None for all else."""
    if turn.files or turn.pin:
        return None
    kind = turn.said.intent
    draft = turn.head.draft
    if turn.too_big:
        return commands.upload(turn)
    if turn.empty:
        kind_key = f"got_{turn.other}" if turn.other else "got_unsupported"
        return _chat(turn, Reply(key=kind_key))
    answers_when = draft is not None and asking.heard(draft, turn) in {"place", "when"} and kind == "greeting"
    if answers_when and understanding.names_time(turn.text):
        return None
    if kind not in understanding.SMALL_TALK and not (draft is None and kind in {"yes", "no", "rate"}):
        return None
    return _chat(turn, _answer_to_talk(turn, kind))


def _answer_to_talk(turn: Turn, kind: str) -> Reply | None:
    head, complaint = turn.head, turn.complaint
    if head.draft is not None:
        if kind == "greeting":
            return asking.again(head.draft, turn)
        return Reply(key="evidence_wait") if kind == "okay" and head.draft.asking == "evidence" else None
    if complaint is not None and complaint.state is State.DELIVERED:
        return aftercare.reminder(complaint)
    if kind == "thanks":
        return Reply(key="chat_thanks")
    if complaint is not None and complaint.open:
        return Reply(key="chat_open", values={"ticket": complaint.ticket}) if kind == "greeting" else None
    return Reply(key="chat_hello") if kind == "greeting" or _greeting(turn) else None


def _chat(turn: Turn, reply: Reply | None) -> Outcome:
    last = turn.head.chatted_at
    if reply is None or (last is not None and turn.now < last + CHAT_EVERY and not turn.unsent(last)):
        return turn.outcome()
    greeted = _greeted(turn, turn.head)
    return turn.outcome(_welcoming(turn, reply), head=replace(greeted, chatted_at=turn.now))


def _welcoming(turn: Turn, reply: Reply) -> Reply:
    """The reply with the greeting before it, when it is due; outside office hours with when somebody will read."""
    greeting = _greeting(turn)
    if not greeting or deadlines.is_open(turn.now, turn.calendar):
        return replace(reply, before=(*greeting, *reply.before))
    opens = deadlines.date_text(deadlines.next_open(turn.now, turn.calendar))
    before = (*greeting, "after_hours", *reply.before)
    return replace(reply, before=before, values={**reply.values, "opens": opens})


def _greeting(turn: Turn) -> tuple[str, ...]:
    """The greeting goes before the first prompt, and again when a long time has passed."""
    last = turn.head.greeted_at
    return ("greeting",) if last is None or turn.now >= last + GREET_EVERY or turn.unsent(last) else ()


def _greeted(turn: Turn, head: Conversation) -> Conversation:
    return replace(head, greeted_at=turn.now) if _greeting(turn) else head


def _told(turn: Turn) -> Outcome:
    head, complaint = turn.head, turn.complaint
    if head.draft is None and complaint is not None and complaint.open:
        return aftercare.joins(turn, complaint)
    return _draft_goes_on(turn, head.draft or drafting.start(turn.now), anew=head.draft is None)


def _draft_goes_on(turn: Turn, draft: Draft, *, anew: bool) -> Outcome:
    if anew:
        turn = replace(turn, head=replace(turn.head, rating_for="", reason_for=""))
    before = draft
    draft, full = drafting.absorb(draft, turn)
    new_files = len(draft.evidence) - len(before.evidence)
    first: tuple[str, ...] = ()
    if full:
        first += ("enough",)
    if draft.place != before.place and whereabouts.looks_outside(draft.place):
        first += ("place_outside",)
    return _prompted(replace(turn, files=turn.files[:new_files]), draft, first=first)


def _prompted(turn: Turn, draft: Draft, *, first: tuple[str, ...] = ()) -> Outcome:
    """Ask for the next thing or show the summary, worded from the whole draft: it replaces what still waits."""
    head, draft, alarm = asking.after_alarm(turn.head, draft, turn)
    draft, reply = asking.prompt(draft, turn)
    if draft.handed_over:
        head = replace(head, needs_person=True)
    if reply is None:
        return _kept(turn, replace(head, draft=draft), alarm)
    if reply.parts.get("outside"):
        first = tuple(each for each in first if each != "place_outside")
    head = replace(head, draft=draft)
    reply = replace(reply, before=(*first, *reply.before))
    if alarm:  # the greeting can wait for the next prompt
        return turn.outcome(replace(reply, before=(*alarm, *reply.before), urgent=True), head=head, keep_files=True)
    return turn.outcome(_welcoming(turn, reply), head=_greeted(turn, head), keep_files=True)


def _kept(turn: Turn, head: Conversation, alarm: tuple[str, ...]) -> Outcome:
    """An officer has been promised: no more prompts for the same thing, only now and then a word that it was kept."""
    last = head.acknowledged_at
    if last is not None and turn.now < last + ACKNOWLEDGE_EVERY and not turn.unsent(last) and not alarm:
        return turn.outcome(head=head, keep_files=True)
    reply = Reply(key="kept", before=alarm, urgent=bool(alarm))
    return turn.outcome(reply, head=replace(head, acknowledged_at=turn.now), keep_files=True)


def _with_line(draft: Draft, turn: Turn) -> Draft:
    """The command in the draft's talk, so that an officer can follow it."""
    return replace(draft, talk=(*draft.talk, turn.line)) if drafting.has_room(draft, turn.text) else draft


def _edited(turn: Turn, target_key: str) -> Outcome:
    draft, complaint = turn.head.draft, turn.complaint
    if draft is not None and _holds(draft, target_key):
        return _prompted(turn, drafting.retell(draft, turn, target_key))
    if complaint is not None and complaint.open and turn.text.strip():
        return aftercare.addition(turn, complaint, f"{EDITED} {turn.text}")
    return turn.outcome()


def _deleted(turn: Turn, target_key: str) -> Outcome:
    draft, complaint = turn.head.draft, turn.complaint
    if draft is not None and _holds(draft, target_key):
        return _prompted(turn, drafting.revoke(draft, target_key, DELETED))
    if complaint is not None and complaint.open and target_key:
        return aftercare.addition(turn, complaint, DELETED)
    return turn.outcome()


def _holds(draft: Draft, target_key: str) -> bool:
    return target_key != "" and any(line.key == target_key for line in draft.talk)
