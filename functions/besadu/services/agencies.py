"""The agencies as a manager keeps them. Each change is one commit with its entry in the audit."""

import re
from dataclasses import fields
from typing import Final

from besadu import logs
from besadu.errors import InvalidFields
from besadu.frozen import dataclass
from besadu.identity import Person
from besadu.services import posts, upkeep
from besadu.services.office import Office
from besadu.services.upkeep import LONGEST_LINE
from besadu.store.client import Commit, Stored
from besadu.store.directory import AgencyRecord

MOST_TOPICS: Final = 200
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,19}")
_POSTS: Final = {"duty": "penghubung", "deputy": "wakil penghubung", "head": "kepala"}


@dataclass(frozen=True, kw_only=True)
class AgencyForm:
    """An agency as typed. ``topics``: one a line. ``code`` counts for a new agency only."""

    code: str = ""
    name: str = ""
    short: str = ""
    topics: str = ""
    contact: str = ""
    duty_title: str = ""
    duty_phone: str = ""
    duty_email: str = ""
    duty_channels: str = ""
    deputy_title: str = ""
    deputy_phone: str = ""
    deputy_email: str = ""
    deputy_channels: str = ""
    head_title: str = ""
    head_phone: str = ""
    head_email: str = ""
    head_channels: str = ""
    outside: bool = False
    active: bool = True


TEXTS: Final = tuple(each.name for each in fields(AgencyForm) if each.name not in {"outside", "active"})


def save_agency(office: Office, by: Person, form: AgencyForm, *, code: str = "") -> AgencyRecord:
    """Add an agency, or with ``code`` change one; its code stays for good, because complaints carry it.

    Raises as ``save_person``.
    """
    upkeep.manager_only(by)

    def attempt(commit: Commit) -> AgencyRecord:
        known = office.store.directory.all_agencies()
        before = known[code] if code else None
        agency = _agency(form, code)
        if not code and agency.code.lower() in {taken.lower() for taken in known}:
            raise InvalidFields({"code": "Kode ini sudah dipakai instansi lain."})
        if before and before.value == agency:
            return agency
        if before and _serves(before.value) and not _serves(agency):
            _nothing_open(office, agency.code, "outside" if agency.outside else "active")
        office.store.directory.stage_agency(commit, agency, before)
        action = "agency_changed" if before else "agency_added"
        upkeep.stage_audit(office, commit, by, action, agency.code, _agency_changes(before, agency))
        return agency

    agency = upkeep.tried(office, attempt)
    office.store.directory.forget()
    logs.info("staff_changed", what="agency", added=not code, agency=agency.code, active=agency.active)
    return agency


def agency_form(agency: AgencyRecord) -> AgencyForm:
    """The form as it stands filled in for this agency."""
    return AgencyForm(
        code=agency.code,
        name=agency.name,
        short=agency.short,
        topics="\n".join(agency.topics),
        contact=agency.contact,
        **posts.typed("duty", agency.duty),
        **posts.typed("deputy", agency.deputy),
        **posts.typed("head", agency.head),
        outside=agency.outside,
        active=agency.active,
    )


def _agency(form: AgencyForm, code: str) -> AgencyRecord:
    """The agency that the form describes. Raises InvalidFields with all that is wrong."""
    plain = {
        each.name: " ".join(str(getattr(form, each.name)).split())
        for each in fields(form)
        if each.name in TEXTS and each.name != "topics"
    }
    too_long = f"Paling banyak {LONGEST_LINE} huruf."
    problems = {name: too_long for name, text in plain.items() if len(text) > LONGEST_LINE}
    if not code and not _CODE.fullmatch(plain["code"]):
        problems["code"] = "Kode terdiri dari 2 sampai 20 huruf atau angka tanpa spasi, misalnya DISHUB."
    if not plain["name"]:
        problems["name"] = "Nama instansi belum diisi."
    topics = tuple(dict.fromkeys(" ".join(line.split()) for line in form.topics.splitlines() if line.strip()))
    if len(topics) > MOST_TOPICS or any(len(topic) > LONGEST_LINE for topic in topics):
        problems["topics"] = f"Paling banyak {MOST_TOPICS} baris, dan {LONGEST_LINE} huruf tiap baris."
    found = {name: posts.post_of(name, plain) for name in _POSTS}
    problems |= {name: wrong for _, wrongs in found.values() for name, wrong in wrongs.items()}
    if problems:
        raise InvalidFields(problems)
    return AgencyRecord(
        code=code or plain["code"],
        name=plain["name"],
        short=plain["short"],
        topics=topics,
        outside=form.outside,
        contact=plain["contact"],
        active=form.active,
        **{name: post for name, (post, _) in found.items()},
    )


def _serves(agency: AgencyRecord) -> bool:
    """Whether complaints can be handed to it."""
    return agency.active and not agency.outside


def _nothing_open(office: Office, code: str, field: str) -> None:
    desks = ("agency", "citizen", "admin")
    if any(office.store.complaints.on_desk(desk, agency=code) for desk in desks):
        raise InvalidFields(
            {field: "Masih ada laporan terbuka pada instansi ini. Selesaikan atau alihkan lebih dahulu."}
        )


def _agency_changes(stored: Stored[AgencyRecord] | None, after: AgencyRecord) -> str:
    """What changed; of telephone numbers only that they did."""
    before = stored.value if stored else AgencyRecord(code="", name="", active=not after.active)
    pairs = (
        ("nama", before.name, after.name),
        ("singkatan", before.short, after.short),
        ("kontak", before.contact, after.contact),
        ("di luar kabupaten", upkeep.yes(before.outside), upkeep.yes(after.outside)),
        ("aktif", upkeep.yes(before.active), upkeep.yes(after.active)),
    )
    said = [upkeep.changes(pairs, added=stored is None)]
    said += ["kata kunci diganti"] if before.topics != after.topics else []
    for name, called in _POSTS.items():
        said += posts.changed(called, getattr(before, name), getattr(after, name))
    return "; ".join(part for part in said if part)
