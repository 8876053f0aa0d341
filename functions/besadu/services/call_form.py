"""The form of a call that a person answered: as it was typed, and as it reads once checked, with the NIK sealed."""

import re
from dataclasses import field, fields
from datetime import date, datetime
from typing import Final, Literal

from besadu.channels.sms_gateway import phone_of
from besadu.config import Settings
from besadu.domain import nik
from besadu.domain.complaint import CaseClass, HeldNik
from besadu.domain.deadlines import WIB
from besadu.errors import InvalidFields
from besadu.frozen import dataclass, replace
from besadu.services.office import Office
from besadu.services.sealing import sealer
from besadu.services.steps import MOST_TEXT

ReplyBy = Literal["whatsapp", "sms", "none"]
FORM_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
LONGEST_LINE: Final = 200
_CLASSES: Final[dict[str, CaseClass]] = {
    "information": "information",
    "ordinary": "ordinary",
    "oversight": "oversight",
}
_NIK_FLAWS: Final = {
    nik.Flaw.LENGTH: "NIK harus 16 angka; yang diketik {count} angka.",
    nik.Flaw.TRIVIAL: "Ini bukan NIK yang sebenarnya: angkanya berulang atau berurutan.",
    nik.Flaw.REGION: "Kode wilayahnya (enam angka pertama) tidak dikenali.",
    nik.Flaw.BIRTH_DATE: "Tanggal lahir di dalamnya (angka ke-7 sampai ke-12) tidak dikenali.",
    nik.Flaw.SERIAL: "Empat angka terakhirnya tidak berlaku.",
}
_NIK_LETTERS: Final = "Ada huruf di antara angkanya, misalnya huruf O untuk angka 0."
_READ_AGAIN: Final = "Mohon bacakan ulang bersama penelepon, lalu ketik sekali lagi."


@dataclass(frozen=True, kw_only=True)
class CallForm:
    """What the admin typed. ``form_id`` is drawn with the empty form, so that sending it twice registers once."""

    form_id: str = ""
    phone: str = ""
    name: str = ""
    nik: str = field(default="", repr=False)
    nik_reason: str = ""  # why there is none
    story: str = ""
    place: str = ""
    when: str = ""
    evidence: str = ""
    case_class: str = "ordinary"
    reply_by: str = ""

    def shown(self) -> "CallForm":
        """The form as it may be shown again: without any NIK, wherever it was typed."""
        texts = ("phone", "name", "nik_reason", "story", "place", "when", "evidence")
        return replace(self, nik="", **{name: nik.mask_in(getattr(self, name)) for name in texts})

    def numbered(self, form_id: str) -> "CallForm":
        """The same form under another number."""
        return replace(self, form_id=form_id)


FIELDS: Final = tuple(each.name for each in fields(CallForm))


@dataclass(frozen=True, kw_only=True)
class Call:
    """What the form says, checked. No text holds a NIK."""

    phone: str
    name: str
    nik: HeldNik | None
    nik_reason: str
    story: str
    place: str
    when: str
    evidence: str
    case_class: CaseClass
    reply_by: ReplyBy


def ways_to_reply(settings: Settings) -> tuple[ReplyBy, ...]:
    """How the caller may get the ticket in writing."""
    return ("whatsapp", "sms", "none") if settings.sms_gateway else ("whatsapp", "none")


def nik_hint(office: Office, form: CallForm) -> str:
    """The masked form of a NIK that was right, for a form that must be filled in again; "" for any other."""
    found = nik.check(form.nik, _today(office.now()))
    return nik.masked(found.digits) if isinstance(found, nik.Nik) else ""


def checked(office: Office, form: CallForm) -> Call:
    """What the form says. Raises InvalidFields with all that is wrong."""
    problems = _missing(form)
    held: HeldNik | None = None
    if form.nik.strip():
        found = nik.check(form.nik, _today(office.now()))
        if isinstance(found, nik.Nik):
            held = sealer(office.settings, office.now())(found.digits)
        else:
            problems["nik"] = _why(found)
    elif not form.nik_reason.strip():
        problems["nik"] = "Isi NIK, atau tulis mengapa NIK tidak ada."
    phone = phone_of(form.phone.strip())
    if form.phone.strip() and not phone:
        problems["phone"] = "Nomor ini belum benar. Contoh: 0812 3456 7890."
    way = next((known for known in ways_to_reply(office.settings) if known == form.reply_by), None)
    if way is None:
        problems["reply_by"] = "Pilih cara mengirim nomor laporan."
    elif way != "none" and not form.phone.strip():
        problems["phone"] = "Isi nomor telepon, atau pilih nomor laporan hanya dibacakan."
    if problems or way is None:
        raise InvalidFields(problems)
    shown = form.shown()
    return Call(
        phone=phone,
        name=" ".join(shown.name.split()),
        nik=held,
        nik_reason=shown.nik_reason.strip(),
        story=shown.story.strip(),
        place=" ".join(shown.place.split()),
        when=" ".join(shown.when.split()),
        evidence=" ".join(shown.evidence.split()),
        case_class=_CLASSES[form.case_class],
        reply_by=way,
    )


def _missing(form: CallForm) -> dict[str, str]:
    """What is empty or too long."""
    asked = {
        "story": "Tulis apa yang dilaporkan penelepon.",
        "place": "Tulis lokasinya: desa atau kelurahan, dan patokan terdekat.",
        "when": "Tulis waktunya, kira-kira saja.",
    }
    problems = {name: text for name, text in asked.items() if not getattr(form, name).strip()}
    for name in ("name", "place", "when", "evidence", "nik_reason"):
        if len(getattr(form, name)) > LONGEST_LINE:
            problems[name] = f"Paling banyak {LONGEST_LINE} huruf."
    if len(form.story) > MOST_TEXT:
        problems["story"] = f"Paling banyak {MOST_TEXT} huruf."
    if form.case_class not in _CLASSES:
        problems["case_class"] = "Pilih klasifikasi laporan."
    if not FORM_ID.fullmatch(form.form_id):
        problems["form_id"] = "Formulir ini sudah kedaluwarsa. Periksa isinya, lalu simpan sekali lagi."
    return problems


def _why(problem: nik.NikProblem) -> str:
    flaw = _NIK_LETTERS if problem.letters else _NIK_FLAWS[problem.flaw].format(count=problem.length)
    return f"{flaw} {_READ_AGAIN}"


def _today(now: datetime) -> date:
    return now.astimezone(WIB).date()
