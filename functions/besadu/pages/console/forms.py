"""The forms of a complaint's page, a row each: what they ask for and which use case they call."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final, Literal

from besadu.domain import ticket as tickets
from besadu.domain.complaint import Actor, CaseClass, Complaint
from besadu.domain.workflow import ROWS, Action
from besadu.errors import Invalid
from besadu.frozen import dataclass
from besadu.services import answers, casework, handling, supporting
from besadu.services.office import Office
from besadu.services.supporting import Request

Values = Mapping[str, str]
Trouble = Literal["", "invalid", "too_late"]
SUPPORT_LINES: Final = (1, 2, 3)  # of the disposisi; more OPDs can be asked afterwards
_SUPPORT_FIELDS: Final = tuple(f"{name}_{number}" for number in SUPPORT_LINES for name in ("support", "wanted"))


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form. What ``run`` finds Invalid is about the field ``main``; ``done`` is said when it went well."""

    action: Action
    main: str
    fields: tuple[str, ...]
    run: Callable[[Office, Actor, str, Values], Complaint]
    done: str


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What somebody typed into a form that could not be taken, and what is wrong with it."""

    action: str = ""
    values: Values = field(default_factory=dict)
    problem: str = ""
    trouble: Trouble = ""

    def value(self, action: str, name: str, otherwise: str = "") -> str:
        """What to show in a field."""
        return self.values.get(name, otherwise) if self.action == action else otherwise


def _forward(office: Office, actor: Actor, ticket: str, values: Values) -> Complaint:
    return casework.forward(
        office,
        actor,
        ticket,
        agency_code=values["agency_code"],
        note=values["note"],
        helpers=_requests(values),
        case_class=_case_class(values["case_class"]),
    )


def _requests(values: Values) -> list[Request]:
    """What the disposisi asks of further agencies, without the lines that were left empty."""
    lines = ((values[f"support_{number}"], values[f"wanted_{number}"]) for number in SUPPORT_LINES)
    return [Request(agency=agency, wanted=wanted) for agency, wanted in lines if agency or wanted.strip()]


def _revoke(office: Office, actor: Actor, ticket: str, values: Values) -> Complaint:
    """``link`` is the code of an agency, with ``:`` and the name of a post for the links of that post alone."""
    agency, _, post = values["link"].partition(":")
    if not agency:
        raise Invalid("Pilih tautan yang dicabut.")
    send = values["send"] == "ya"
    return casework.revoke_links(office, actor, ticket, agency=agency, post=post, reason=values["reason"], send=send)


def _refer(office: Office, actor: Actor, ticket: str, values: Values) -> Complaint:
    """A body that we know brings its contact along when none was typed."""
    known = {agency.name: agency.contact for agency in office.store.directory.agencies() if agency.outside}
    contact = values["contact"].strip() or known.get(values["body"].strip(), "")
    return casework.refer(office, actor, ticket, body=values["body"], contact=contact)


def _merge(office: Office, actor: Actor, ticket: str, values: Values) -> Complaint:
    into = tickets.parse(values["into"])
    if into is None:
        raise Invalid("Laporan tujuan tidak ditemukan: mohon periksa nomornya.")
    return casework.merge(office, actor, ticket, into=into)


def _classify(office: Office, actor: Actor, ticket: str, values: Values) -> Complaint:
    return casework.classify(office, actor, ticket, case_class=_case_class(values["case_class"]), title=values["title"])


def _case_class(text: str) -> CaseClass:
    classes: dict[str, CaseClass] = {"information": "information", "ordinary": "ordinary", "oversight": "oversight"}
    if text not in classes:
        raise Invalid("Pilih klasifikasi laporan.")
    return classes[text]


FORMS: Final[Mapping[str, Form]] = {
    form.action: form
    for form in (
        Form(
            action="forward",
            main="agency_code",
            fields=("agency_code", "note", "case_class", *_SUPPORT_FIELDS),
            run=_forward,
            done="Laporan didisposisikan. Pelapor dan pejabat penghubung OPD diberi tahu.",
        ),
        Form(
            action="ask",
            main="question",
            fields=("question",),
            run=lambda office, actor, ticket, values: casework.ask(office, actor, ticket, question=values["question"]),
            done="Pertanyaan dikirim kepada pelapor.",
        ),
        Form(
            action="reject",
            main="reason",
            fields=("reason", "advice"),
            run=lambda office, actor, ticket, values: casework.reject(
                office, actor, ticket, reason=values["reason"], advice=values["advice"]
            ),
            done="Laporan dinyatakan tidak layak. Pelapor diberi tahu alasannya.",
        ),
        Form(
            action="refer",
            main="body",
            fields=("body", "contact"),
            run=_refer,
            done="Laporan dirujuk. Pelapor diberi tahu instansi yang berwenang.",
        ),
        Form(
            action="merge",
            main="into",
            fields=("into",),
            run=_merge,
            done="Laporan digabungkan. Pelapornya akan menerima jawaban yang sama.",
        ),
        Form(
            action="classify",
            main="title",
            fields=("title", "case_class"),
            run=_classify,
            done="Judul dan klasifikasi disimpan.",
        ),
        Form(
            action="deliver",
            main="text",
            fields=("text",),
            run=lambda office, actor, ticket, values: answers.deliver(office, actor, ticket, text=values["text"]),
            done="Jawaban dikirim kepada pelapor di saluran yang ia gunakan.",
        ),
        Form(
            action="recall",
            main="reason",
            fields=("reason",),
            run=lambda office, actor, ticket, values: answers.recall(office, actor, ticket, reason=values["reason"]),
            done="Jawaban ditarik kembali dan belum dibaca pelapor. Periksa, lalu sampaikan lagi.",
        ),
        Form(
            action="promise",
            main="text",
            fields=("text",),
            run=lambda office, actor, ticket, values: answers.promise(office, actor, ticket, text=values["text"]),
            done="Jadwal dikirim kepada pelapor. Laporan kembali ke OPD, dengan batas waktu pada tanggal itu.",
        ),
        Form(
            action="grant_extension",
            main="",
            fields=(),
            run=lambda office, actor, ticket, _values: handling.grant_extension(office, actor, ticket),
            done="Tambahan waktu disetujui. Pelapor diberi tahu tanggal barunya.",
        ),
        Form(
            action="refuse_extension",
            main="reason",
            fields=("reason",),
            run=lambda office, actor, ticket, values: handling.refuse_extension(
                office, actor, ticket, reason=values["reason"]
            ),
            done="Tambahan waktu ditolak. Batas waktu tidak berubah.",
        ),
        Form(
            action="take_over",
            main="text",
            fields=("text",),
            run=lambda office, actor, ticket, values: casework.take_over(office, actor, ticket, text=values["text"]),
            done="Anda menangani laporan ini secara langsung. Pengingat berhenti sampai langkah berikutnya.",
        ),
        Form(
            action="let_go",
            main="",
            fields=(),
            run=lambda office, actor, ticket, _values: casework.let_go(office, actor, ticket),
            done="Pengingat berjalan kembali.",
        ),
        Form(
            action="ask_support",
            main="support_agency",
            fields=("support_agency", "wanted"),
            run=lambda office, actor, ticket, values: supporting.ask(
                office, actor, ticket, agency=values["support_agency"], wanted=values["wanted"]
            ),
            done="OPD pendukung mendapat pesan dengan tautannya sendiri.",
        ),
        Form(
            action="end_support",
            main="support_agency",
            fields=("support_agency",),
            run=lambda office, actor, ticket, values: supporting.end(
                office, actor, ticket, agency=values["support_agency"]
            ),
            done="Permintaan dukungan dibatalkan; tautannya tidak berlaku lagi.",
        ),
        Form(
            action="revoke_links",
            main="reason",
            fields=("reason", "send", "link"),
            run=_revoke,
            done="Tautan itu tidak berlaku lagi. Siapa pun yang membukanya diberi tahu.",
        ),
        Form(
            action="send_back",
            main="reason",
            fields=("reason",),
            run=lambda office, actor, ticket, values: answers.send_back(office, actor, ticket, reason=values["reason"]),
            done="Jawaban dikembalikan kepada OPD untuk dilengkapi.",
        ),
        Form(
            action="see_mark",
            main="text",
            fields=("text",),
            run=lambda office, actor, ticket, values: casework.see_mark(office, actor, ticket, text=values["text"]),
            done="Tindak lanjut atas nilai rendah dicatat.",
        ),
        Form(
            action="note",
            main="text",
            fields=("text",),
            run=lambda office, actor, ticket, values: casework.note(office, actor, ticket, text=values["text"]),
            done="Catatan disimpan.",
        ),
    )
}


def already_done(complaint: Complaint, actor: Actor, form: Form, values: Values, revision: str) -> bool:
    """Whether this very form was taken before: sent twice by a second press of the button or after a lost answer."""
    seen = int(revision) if revision.isascii() and revision.isdigit() else complaint.revision
    main = values.get(form.main, "").strip()
    return any(
        (entry.action, entry.actor, entry.role) == (form.action, actor.name, actor.role)
        and (form.action != "note" or entry.note == main)
        for entry in complaint.history
        if entry.number > seen
    )


def what_happened(complaint: Complaint) -> str:
    """Who moved the complaint last, for somebody whose step came too late."""
    last = next((entry for entry in reversed(complaint.history) if entry.source != entry.target), None)
    if last is None:
        return "Laporan ini sudah berubah sejak halaman dibuka."
    row = ROWS.get(last.action)
    return f"Sementara itu: “{row.label if row else last.action}” oleh {last.actor}."
