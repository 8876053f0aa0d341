"""Sample complaints, made by the product's own use cases at times in the past: every page has something to show."""

import io
import tomllib
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from besadu import vault
from besadu.domain import places, workflow
from besadu.domain.complaint import Actor, Complaint, HeldNik, Place, TalkLine
from besadu.domain.conversation import Conversation, Draft
from besadu.domain.evidence import Evidence, incoming_name
from besadu.domain.message import Address, Attachment
from besadu.domain.nik import masked
from besadu.media import Media
from besadu.services import answers, arrival, casework, citizen_acts, evidence, handling, registration, supporting
from besadu.services.office import Office
from besadu.store.complaints import Decision
from besadu.store.keys import key
from besadu.store.senders import key_of

ROWS = Path(__file__).with_name("demo.toml")
SAMPLES = Path(__file__).parents[1] / "samples"
ADMIN = Actor(role="admin", name="Sari Wulandari")
NUMBER = "628130000{:04d}"


@dataclass(frozen=True)
class _Silent:
    """A queue that makes no tasks: what these complaints said was said long ago."""

    def send(self, *_: object, **__: object) -> bool:
        return True

    fetch = remind = tell = send


def load(office: Office) -> None:
    """Make all of them."""
    past = replace(office, queue=_Silent())
    tickets: list[str] = []
    for number, row in enumerate(tomllib.loads(ROWS.read_text("utf-8"))["complaint"], start=1):
        tickets.append(_make(past, row, number, tickets))


def _make(office: Office, row: dict[str, Any], number: int, earlier: list[str]) -> str:
    began = office.now() - timedelta(days=row["days"])
    then = replace(office, now=lambda: began)
    head = _head(then, row, number, began)
    sender = key_of(head.address)
    commit = office.store.commit()
    head, _ = registration.register(then, commit, head, sender, f"demo:{number}:{began}", began)
    office.store.senders.stage(commit, sender, head, None)
    commit.run()
    if case_class := row.get("case_class"):
        casework.classify(then, ADMIN, head.ticket, case_class=case_class, title=registration.title_of(row["lines"][0]))
    for step in row.get("steps", ()):
        at = min(began + timedelta(hours=step["after"]), office.now())
        _take(replace(office, now=_always(at)), head.ticket, step, earlier)
    _as_if_delivered(office, head.ticket)
    return head.ticket


def _always(at: datetime) -> Callable[[], datetime]:
    return lambda: at


def _head(office: Office, row: dict[str, Any], number: int, began: datetime) -> Conversation:
    """A conversation whose draft is complete."""
    address = Address(
        channel="whatsapp",
        account=office.settings.whatsapp_phone_number_id,
        phone=NUMBER.format(number),
    )
    photos = (_photo(office, row["photo"], number, sender=key_of(address)),) if "photo" in row else ()
    talk = tuple(_talk(row, number, began, photos))
    found = next((match.place for match in places.find(f"desa {row['village']}") if match.place), None)
    return Conversation(
        address=address,
        name=row["name"],
        last_inbound_at=began,
        greeted_at=began,
        draft=Draft(
            started_at=began,
            talk=talk,
            story=tuple(row["lines"]),
            place=_place(row["village"], found),
            when=row["when"],
            nik=_nik(office, number),
            evidence=photos,
            no_evidence=not photos,
        ),
    )


def _talk(row: dict[str, Any], number: int, began: datetime, photos: tuple[str, ...]) -> Iterator[TalkLine]:
    asked = "Mohon kirim NIK Bapak/Ibu (16 angka di KTP atau KK)."
    lines: list[tuple[str, str, tuple[str, ...]]] = [("citizen", text, ()) for text in row["lines"]]
    lines += [("besadu", asked, ()), ("citizen", "[NIK]", ())]
    if photos:
        lines.append(("citizen", "", photos))
    lines.append(("citizen", "YA", ()))
    for position, (speaker, text, files) in enumerate(lines):
        yield TalkLine(
            at=began - timedelta(minutes=2 * (len(lines) - position)),
            speaker="besadu" if speaker == "besadu" else "citizen",
            text=text,
            key=key("demo", str(number), str(position)),
            evidence=files,
        )


def _place(name: str, found: places.Place | None) -> Place:
    if found is None:
        return Place(text=name)
    return Place(text=name, village=found.name, village_code=found.code, district=found.district)


def _nik(office: Office, number: int) -> HeldNik:
    digits = f"190201{10 + number:02d}0785{number:04d}"
    return HeldNik(
        sealed=vault.seal(office.settings.nik_public_key, digits.encode()),
        indexes=vault.indexes(office.settings.nik_index_key, digits),
        masked=masked(digits),
    )


def _photo(office: Office, name: str, number: int, *, sender: str = "", ticket: str = "") -> str:
    """A photo that goes the way of every upload: of ``sender``, or of the agency that works on ``ticket``."""
    evidence_id = f"{key('demo', str(number), ticket, name)[:24]}-0"
    content, media = _variant(name, number), Media(office.settings)
    media.store(incoming_name(evidence_id), iter([content]), limit=len(content))
    commit = office.store.commit()
    office.store.evidence.stage(
        commit,
        Evidence(
            id=evidence_id,
            ticket=ticket,
            sender_key=sender,
            attachment=Attachment(kind="image", mime="image/jpeg"),
            created_at=office.now(),
            origin="agency" if ticket else "citizen",
            uploaded=True,
            due=office.now(),
        ),
    )
    commit.run()
    with redirect_stderr(io.StringIO()):  # its log is no news to who waits for the start
        evidence.fetch(office, media, evidence_id)
    return evidence_id


def _variant(name: str, number: int) -> bytes:
    """The sample as a picture of its own: a photo that is used twice would be flagged."""
    with Image.open(SAMPLES / name) as found:
        mirrored = ImageOps.mirror(found)
        cut = found.width * (number % 7) // 20
        out = io.BytesIO()
        mirrored.crop((cut, 0, found.width, found.height - cut // 2)).save(out, "JPEG", quality=85)
        return out.getvalue()


def _take(office: Office, ticket: str, step: dict[str, Any], earlier: list[str]) -> None:
    """One step of the table, by the staff person or by the citizen."""
    stored = office.store.complaints.read(ticket)
    if stored is None:
        raise KeyError(ticket)
    complaint, verb = stored.value, step["do"]
    by_office: dict[str, dict[str, Any]] = {
        "forward": {
            "agency_code": step.get("agency"),
            "note": step.get("note"),
            "case_class": complaint.case_class,
        },
        "refer": {"body": step.get("body"), "contact": step.get("contact")},
        "reject": {"reason": step.get("reason"), "advice": step.get("advice")},
        "merge": {"into": earlier[step["into"] - 1] if "into" in step else ""},
        "deliver": {"text": complaint.answer.text if complaint.answer else ""},
    }
    by_agency: dict[str, dict[str, Any]] = {
        "accept": {},
        "hand_back": {"reason": step.get("reason")},
        "ask": {"question": step.get("text")},
        "answer": {"text": step.get("text"), "evidence": _after(office, ticket, step)},
    }
    if verb in ("ask_support", "contribute"):
        _support(office, ticket, step)
    elif verb in by_office:
        module = answers if verb == "deliver" else casework
        getattr(module, verb)(office, ADMIN, ticket, **by_office[verb])
        if verb == "deliver":
            _arrives(office, ticket)
    elif verb in by_agency:
        officer = Actor(role="officer", name=f"Petugas {complaint.agency_name}", agency=complaint.agency)
        module = casework if verb == "ask" else handling
        getattr(module, verb)(office, officer, ticket, **by_agency[verb])
    else:
        _by_citizen(office, complaint, verb, step)


def _support(office: Office, ticket: str, step: dict[str, Any]) -> None:
    """A further agency is asked to help, or sends its part."""
    code = step["agency"]
    if step["do"] == "ask_support":
        supporting.ask(office, ADMIN, ticket, agency=code, wanted=step["wanted"])
        return
    officer = Actor(role="officer", name=f"Petugas {code}", agency=code)
    supporting.contribute(office, officer, ticket, text=step["text"], done=True)


def _after(office: Office, ticket: str, step: dict[str, Any]) -> tuple[str, ...]:
    """The agency's photo of the work done."""
    if step["do"] != "answer" or "photo" not in step:
        return ()
    return (_photo(office, step["photo"], 0, ticket=ticket),)


def _by_citizen(office: Office, complaint: Complaint, verb: str, step: dict[str, Any]) -> None:
    def decide(before: Complaint) -> Decision:
        return citizen_acts.decide(
            office, before, verb, office.now(), text=step.get("text", ""), rating=step.get("rating")
        )

    office.store.complaints.change(complaint.ticket, decide)


def _arrives(office: Office, ticket: str) -> None:
    """The channel says that the answer is there."""

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, "confirm", arrival.SYSTEM, now=office.now(), calendar=office.calendar())
        return Decision(after=after, action="confirm", actor=arrival.SYSTEM, note="WhatsApp: sampai")

    office.store.complaints.change(ticket, decide)


def _as_if_delivered(office: Office, ticket: str) -> None:
    """These messages are history; nobody is to get them now."""
    for item in office.store.outbox.of_ticket(ticket):
        stored = office.store.outbox.read(item.id)
        if stored is None:
            continue
        at = item.created_at
        with suppress(KeyError):
            office.store.outbox.replace(
                stored,
                replace(item, state="delivered", due=None, sent_at=at, delivered_at=at, provider_id=f"demo.{item.id}"),
            )
