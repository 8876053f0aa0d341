"""The people of one complaint, and what arrives for BESADU because of them."""

import json
import queue
import secrets
import threading
import urllib.request
from collections.abc import Iterable
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from besadu import config
from besadu.domain.complaint import Actor, Complaint, State
from besadu.media import Media
from besadu.queue import Queue
from besadu.services import admission, answers, casework, delivery, desk, evidence, followup, reading, reminding
from besadu.services.intake import LONGEST_WAIT
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect
from besadu_local.ports import HOST, free_port
from besadu_local.stack import Stack
from besadu_local.staff import STAFF
from besadu_local.world.store import person_id
from tests.bench.counting import CountedDatabase, Counter
from tests.factories import hear

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STORY = (
    "Jalan di depan SD Negeri 5 Desa Air Saga Kecamatan Tanjungpandan rusak berat dan berlubang sejak dua minggu lalu. "
    "NIK saya {nik}, mohon segera diperbaiki."
)
# A photo that was used before costs its reader a look at where, and a person who has complained before is looked for on
# other channels. So each complaint has its own. The NIKs are synthetic.
REPORTERS = (("1902014708900001", "foto-jalan-rusak.jpg"), ("1902014708900002", "foto-lampu-padam.jpg"))
ANSWER = "Lubang di depan SD Negeri 5 sudah kami tambal pada hari Selasa."
ADMIN = next(person for person in STAFF if person.role == "admin")
QUIET = 0.8  # seconds without an arrival, while the world has nothing under way: then nothing more comes
LONGEST = 30.0  # seconds


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


class Arrivals:
    """A server at BESADU's public address that takes everything and keeps it in order."""

    def __init__(self) -> None:
        self._kept: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._server = make_server(HOST, free_port(set()), self._take, threaded=True, request_handler=_Quiet)
        self.url = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next(self, seconds: float) -> tuple[str, bytes] | None:
        """The next path and body, or None when nothing came in that time."""
        try:
            return self._kept.get(timeout=seconds)
        except queue.Empty:
            return None

    def _take(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        self._kept.put((request.path, request.get_data()))
        return Response("ok")(environ, start_response)


class Play:
    """One complaint. A method returns when nothing that it led to is under way any more."""

    def __init__(
        self, stack: Stack, arrivals: Arrivals, database: CountedDatabase, counter: Counter, *, nik: str, photo: str
    ) -> None:
        self._nik, self._photo = nik, photo
        self._stack, self._arrivals, self._database, self._counter = stack, arrivals, database, counter
        self._phone = f"62812{secrets.randbelow(9 * 10**8):09d}"
        # A function is a process of its own, so each has its own memory of agencies and holidays.
        self._office = cache(self._new_office)

    def citizen_reports(self) -> None:
        """Everything in one message, and a photo at the same time."""
        self._say({"burst": [{"text": STORY.format(nik=self._nik)}, {"sample": self._photo}]})

    def citizen_confirms(self) -> str:
        """YA; the ticket."""
        self._say({"text": "YA"})
        uncounted = open_store(connect(self._settings("intake")))
        return uncounted.complaints.newest(state=State.RECEIVED)[0].ticket

    def an_hour_passes(self) -> None:
        """Nobody comes at once; what functions remember for a minute is forgotten."""
        self._stack.clock.advance(3600)
        self._settle()

    def admin_opens(self, ticket: str) -> None:
        """The page of the complaint, which asks who is there, and offers the agencies."""
        office, admin = self._console()
        reading.case_file(office, admin, ticket)
        office.store.directory.agencies()

    def admin_forwards(self, ticket: str, agency: str) -> str:
        """The form and the page after it; the token of the link that the duty post got."""
        office, admin = self._console()
        casework.forward(office, admin, ticket, agency_code=agency, note="Mohon ditindaklanjuti.")
        self.admin_opens(ticket)
        self._settle()
        record = office.store.directory.agency(agency)
        messages = self._phone_page(f"/citizen/whatsapp/{person_id(record.duty.phone if record else '')}/messages")
        return str(messages[-1]["link"]).rsplit("/", 1)[-1]

    def agency_opens(self, token: str) -> None:
        """The page behind the link."""
        desk.open_link(self._office("assignment"), token)

    def agency_answers(self, token: str) -> None:
        """The form and the page after it."""
        office = self._office("assignment")
        complaint, officer = admission.follow(office, token)
        desk.act(office, officer, complaint.ticket, "answer", desk.Typed(text=ANSWER), seen=complaint)
        self.agency_opens(token)
        self._settle()

    def admin_delivers(self, ticket: str) -> None:
        """The form and the page after it; the message is delivered and read."""
        office, admin = self._console()
        answers.deliver(office, admin, ticket, text=ANSWER)
        self.admin_opens(ticket)
        self._settle()
        self._expect(ticket, State.DELIVERED)

    def citizen_is_satisfied(self, ticket: str) -> None:
        """PUAS."""
        self._say({"text": "PUAS"})
        self._expect(ticket, State.CLOSED)

    def nobody_answers(self, ticket: str) -> None:
        """The reply's clock runs out."""
        self._stack.clock.advance(20 * 24 * 3600)
        self._settle()
        self._expect(ticket, State.CLOSED_SILENTLY)

    def _say(self, message: dict[str, Any]) -> None:
        self._phone_page("/citizen/whatsapp", {"from": self._phone, "name": "Siti Aminah", **message})
        self._settle()
        self._stack.clock.advance(int(LONGEST_WAIT.total_seconds()))  # a prompt waits for the end of a burst
        self._settle()

    def _settle(self) -> None:
        """Do what arrives until nothing more comes."""
        while True:
            arrival = self._arrivals.next(QUIET)
            if arrival:
                self._do(*arrival)
            elif not self._phone_page("/control/webhooks")["counts"].get("pending"):
                return

    def _do(self, path: str, body: bytes) -> None:
        match path:
            case "/intake/whatsapp":
                hear(self._office("intake"), body)
            case "/delivery/send":
                task = json.loads(body)
                delivery.send(self._office("delivery"), task["id"], sender_key=task.get("sender", ""))
            case "/attachments/fetch":
                office = self._office("attachments")
                evidence.fetch(office, Media(office.settings), json.loads(body)["id"])
            case "/reminders/tell":
                reminding.tell(self._office("reminders"), json.loads(body)["post"])
            case "/reminders/deadline":
                followup.look(self._office("reminders"), json.loads(body)["ticket"])
            case _:
                raise LookupError(path)

    def _console(self) -> tuple[Office, Actor]:
        """Each request asks who the person is today."""
        office = self._office("console")
        officer = office.store.directory.officer(ADMIN.email)
        if officer is None:
            raise LookupError(ADMIN.email)
        return office, Actor(role=officer.role, name=officer.name)

    def _expect(self, ticket: str, state: State) -> Complaint:
        stored = open_store(connect(self._settings("intake"))).complaints.read(ticket)
        if stored is None or stored.value.state != state:
            message = f"the complaint should be {state} and is {stored.value.state if stored else 'not there'}"
            raise AssertionError(message)
        return stored.value

    def _settings(self, door: str) -> config.Settings:
        return config.load(self._stack.settings, door)

    def _new_office(self, door: str) -> Office:
        settings = self._settings(door)
        return Office(settings, open_store(self._database), Queue(settings), self._stack.clock.now)

    def _phone_page(self, path: str, message: dict[str, Any] | None = None) -> Any:
        body = json.dumps(message).encode() if message else None
        headers = {"Content-Type": "application/json"} if message else {}
        request = urllib.request.Request(self._stack.addresses["phone"] + path, body, headers)
        with urllib.request.urlopen(request, timeout=LONGEST) as answer:
            return json.load(answer)
