"""Citizens, admins, officers and the manager of the simulation: who does what to a complaint, and how late."""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from besadu.domain import workflow
from besadu.domain.complaint import Actor, Complaint, State
from besadu.domain.conversation import Conversation, Draft
from besadu.domain.deadlines import WIB
from besadu.domain.message import Address
from besadu.domain.support import SupportState
from besadu.errors import Invalid
from besadu.services import answers, casework, citizen_acts, handling, registration, steps, supporting
from besadu.services.arrival import SYSTEM
from besadu.services.office import Office
from besadu.store.complaints import Decision
from besadu.store.directory import AgencyRecord, Post
from besadu.store.senders import key_of

AGENCIES: Final = 25
ADMIN, LEADER = Actor(role="admin", name="Admin"), Actor(role="leader", name="Sekda")
DAY: Final = timedelta(days=1)
# What happens next from a state: how often, of a hundred, and within how many days. The rest is silence.
NEXT: Final[Mapping[State, tuple[tuple[str, int, float], ...]]] = {
    State.RECEIVED: (("forward", 85, 5), ("reject", 8, 4), ("ask", 3, 2)),
    State.ASSIGNED: (("accept", 60, 3), ("hand_back", 8, 4), ("answer", 10, 6), ("take_over", 3, 9)),
    State.IN_PROGRESS: (
        ("answer", 50, 30),
        ("help", 15, 9),
        ("extend", 10, 12),
        ("ask", 10, 10),
        ("progress", 5, 9),
        ("hand_back", 3, 9),
    ),
    State.ASKED: (("reply", 60, 8), ("withdraw", 5, 5)),
    State.RETURNED: (("forward", 90, 5),),
    State.ANSWERED: (("deliver", 80, 3), ("send_back", 8, 3)),
    State.SENDING: (("confirm", 80, 2), ("satisfied", 10, 3)),
    State.DELIVERED: (("satisfied", 35, 12), ("dissatisfied", 15, 12)),
    State.REOPENED: (("forward", 90, 5),),
}
CLASSES: Final = ("information", "information", "oversight", *["ordinary"] * 7)


def agencies() -> list[AgencyRecord]:
    """Each with three posts of its own addresses, by three different ways."""
    return [
        AgencyRecord(
            code=f"opd{number:02d}",
            name=f"Dinas {number}",
            duty=Post(title=f"Piket {number}", phone=f"62811{number:04d}001"),
            deputy=Post(title=f"Wakil {number}", phone=f"62811{number:04d}002", channels=("sms", "whatsapp", "email")),
            head=Post(
                title=f"Kepala {number}", email=f"kepala{number}@opd.example", channels=("email", "sms", "whatsapp")
            ),
        )
        for number in range(AGENCIES)
    ]


class People:
    """What they mean to do next, and when; ``desk`` and ``console`` are the functions that they use."""

    def __init__(self, dice: random.Random, console: Office, desk: Office) -> None:
        self._dice, self._console, self._desk = dice, console, desk
        self._plans: list[tuple[datetime, float, str, str, int]] = []
        self._codes = [agency.code for agency in agencies()]
        self._turn: dict[str, int] = {}  # ticket -> which plan counts
        self.done = 0

    def arrivals(self, count: int, begins: datetime, days: int) -> None:
        """So many complaints, at any hour of these days."""
        for number in range(count):
            at = begins + self._dice.random() * days * DAY
            heapq.heappush(self._plans, (at, self._dice.random(), f"BSD-26-{number:05d}", "file", 0))

    def plan(self, complaint: Complaint) -> None:
        """What comes next for a complaint that has just changed; whatever was meant before is dropped."""
        ticket, turn = complaint.ticket, self._turn.get(complaint.ticket, 0) + 1
        self._turn[ticket] = turn
        chance = self._dice.random() * 100
        for verb, share, days in NEXT.get(complaint.state, ()):
            if chance < share:
                at = self._console.now() + self._dice.random() * days * DAY
                heapq.heappush(self._plans, (at, self._dice.random(), ticket, verb, turn))
                return
            chance -= share

    def act(self) -> None:
        """All that is to be done by now."""
        while self._plans and self._plans[0][0] <= self._console.now():
            _, _, ticket, verb, turn = heapq.heappop(self._plans)
            if turn != self._turn.get(ticket, 0):
                continue
            try:
                self._verbs[verb](self, ticket)
                self.done += 1
            except (workflow.NotAllowed, Invalid):
                continue  # the leader must decide, the date is none: as on the page, nothing happens

    def _file(self, ticket: str) -> None:
        office, now = self._console, self._console.now()
        phone = f"6285{self._dice.randrange(10**9):09d}"
        head = Conversation(address=Address(channel="whatsapp", account="1", phone=phone), last_inbound_at=now)
        draft = Draft(started_at=now, story=("Jalan rusak parah",), when="sejak Senin")
        made = registration.complaint_from(office, head, draft, key_of(head.address), now)
        commit = office.store.commit()
        decision = Decision(after=replace(made, ticket=ticket), action="receive", actor=registration.CITIZEN)
        after = office.store.complaints.stage(commit, None, decision).after
        commit.run()
        office.remind(after)

    def _forward(self, ticket: str) -> None:
        known = self._read(ticket)
        actor = LEADER if known.returns >= 2 and not known.decided else ADMIN
        code = f"opd{self._dice.randrange(AGENCIES):02d}"
        chosen = self._dice.choice(CLASSES)
        casework.forward(self._console, actor, ticket, agency_code=code, case_class=chosen)  # type: ignore[arg-type]

    def _ask(self, ticket: str) -> None:
        known = self._read(ticket)
        officer = known.state is not State.RECEIVED
        actor, office = (self._officer(known), self._desk) if officer else (ADMIN, self._console)
        casework.ask(office, actor, ticket, question="Di sebelah mana?")

    def _help(self, ticket: str) -> None:
        """Another agency is asked to help; who was asked does."""
        known = self._read(ticket)
        asked = next((one.agency for one in known.support if one.state is SupportState.ASKED), "")
        if asked:
            helper = Actor(role="officer", name="Petugas", agency=asked)
            supporting.contribute(self._desk, helper, ticket, text="Sudah kami ukur.", done=True)
        else:
            others = [code for code in self._codes if code != known.agency]
            supporting.ask(self._console, ADMIN, ticket, agency=self._dice.choice(others), wanted="Mohon diukur.")

    def _extend(self, ticket: str) -> None:
        known = self._read(ticket)
        later = (known.due or self._desk.now()).astimezone(WIB).date() + timedelta(days=self._dice.randrange(1, 14))
        handling.extend(self._desk, self._officer(known), ticket, reason="Menunggu suku cadang", day=later)

    def _citizen(self, ticket: str, step: str) -> None:
        office, now = self._console, self._console.now()

        def decide(before: Complaint) -> Decision:
            return citizen_acts.decide(office, before, step, now, text="Belum")  # type: ignore[arg-type]

        steps.change(office, ticket, decide)

    def _officer(self, known: Complaint) -> Actor:
        return Actor(role="officer", name="Petugas", agency=known.agency)

    def _read(self, ticket: str) -> Complaint:
        stored = self._desk.store.complaints.read(ticket)
        if stored is None:
            raise LookupError(ticket)
        return stored.value

    def _by_officer(self, ticket: str, step: Callable[[Office, Actor, str], Complaint]) -> None:
        step(self._desk, self._officer(self._read(ticket)), ticket)

    _verbs: Final[Mapping[str, Callable[["People", str], None]]] = {
        "accept": lambda self, ticket: self._by_officer(ticket, handling.accept),
        "answer": lambda self, ticket: self._by_officer(
            ticket, lambda office, actor, one: handling.answer(office, actor, one, text="Sudah diperbaiki.")
        ),
        "ask": _ask,
        "confirm": lambda self, ticket: steps.take(self._desk, SYSTEM, ticket, steps.Step("confirm")) and None,
        "deliver": lambda self, ticket: steps.take(self._console, ADMIN, ticket, steps.Step("deliver")) and None,
        "dissatisfied": lambda self, ticket: self._citizen(ticket, "dissatisfied"),
        "extend": _extend,
        "file": _file,
        "forward": _forward,
        "help": _help,
        "hand_back": lambda self, ticket: self._by_officer(
            ticket, lambda office, actor, one: handling.hand_back(office, actor, one, reason="Bukan urusan kami")
        ),
        "progress": lambda self, ticket: self._by_officer(
            ticket, lambda office, actor, one: handling.progress(office, actor, one, text="Sedang", tell=True)
        ),
        "reject": lambda self, ticket: casework.reject(self._console, ADMIN, ticket, reason="Tidak layak") and None,
        "reply": lambda self, ticket: self._citizen(ticket, "reply"),
        "satisfied": lambda self, ticket: self._citizen(ticket, "satisfied"),
        "send_back": lambda self, ticket: answers.send_back(self._console, ADMIN, ticket, reason="Kurang") and None,
        "take_over": lambda self, ticket: casework.take_over(self._console, ADMIN, ticket) and None,
        "withdraw": lambda self, ticket: self._citizen(ticket, "withdraw"),
    }
