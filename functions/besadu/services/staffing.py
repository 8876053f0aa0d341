"""Who works here with which rights. Each change is one commit with its entry in the audit.

Whoever loses a right (no longer active, another role or agency) is signed out everywhere with the same commit.
"""

from typing import Final

from besadu import logs
from besadu.domain.complaint import Role
from besadu.errors import InvalidFields
from besadu.frozen import dataclass, replace
from besadu.identity import Person
from besadu.services import upkeep
from besadu.services.office import Office
from besadu.services.posts import EMAIL
from besadu.services.upkeep import LONGEST_LINE
from besadu.store.client import Commit, Stored
from besadu.store.directory import Officer
from besadu.store.keys import officer_key

ROLES: Final[tuple[Role, ...]] = ("admin", "officer", "leader", "auditor", "manager")
_LAST_MANAGER = "Ini satu-satunya pengelola yang aktif. Angkat pengelola lain lebih dahulu."


@dataclass(frozen=True, kw_only=True)
class PersonForm:
    """A staff person as typed."""

    email: str = ""
    name: str = ""
    role: str = ""
    agency: str = ""  # code; counts for an officer only
    active: bool = True


def save_person(office: Office, by: Person, form: PersonForm, *, key: str = "") -> Officer:
    """Add a staff person, or with ``key`` (of the directory) change one.

    Another e-mail address is another identity: it gets an entry of its own, and the old one is closed.
    Raises InvalidFields, Refused for anybody but a manager, KeyError for an unknown key, Conflict, Unavailable.
    """
    upkeep.manager_only(by)

    def attempt(commit: Commit) -> Officer:
        directory = office.store.directory
        staff = directory.staff()
        before = staff[key] if key else None
        officer = _officer(office, form, before)
        new_key = officer_key(officer.email)
        if new_key != key and new_key in staff:
            raise InvalidFields({"email": "Sudah ada petugas dengan alamat surel ini."})
        if before and before.value == officer:
            return officer
        if before and _manages(before.value) and not _manages(officer):
            _keep_a_manager(office, commit, [one for at, one in staff.items() if at != key])
        if before and new_key != key:
            closed = replace(before.value, active=False, epoch=before.value.epoch + 1)
            directory.stage_officer(commit, closed, before)
        directory.stage_officer(commit, officer, before if new_key == key else None)
        action = "person_changed" if before else "person_added"
        upkeep.stage_audit(office, commit, by, action, officer.email, _person_changes(before, officer))
        return officer

    officer = upkeep.tried(office, attempt)
    logs.info("staff_changed", what="person", added=not key, role=officer.role, active=officer.active)
    return officer


def end_sessions(office: Office, by: Person, *, email: str) -> Officer:
    """Sign this person out everywhere. Raises KeyError when there is none, and as ``save_person``."""
    upkeep.manager_only(by)

    def attempt(commit: Commit) -> Officer:
        before = office.store.directory.staff()[officer_key(email)]
        officer = replace(before.value, epoch=before.value.epoch + 1)
        office.store.directory.stage_officer(commit, officer, before)
        upkeep.stage_audit(office, commit, by, "sessions_ended", officer.email, "")
        return officer

    officer = upkeep.tried(office, attempt)
    logs.info("sessions_ended", role=officer.role)
    return officer


def person_form(officer: Officer) -> PersonForm:
    """The form as it stands filled in for this person."""
    return PersonForm(
        email=officer.email, name=officer.name, role=officer.role, agency=officer.agency, active=officer.active
    )


def _officer(office: Office, form: PersonForm, before: Stored[Officer] | None) -> Officer:
    """The person that the form describes. Raises InvalidFields with all that is wrong."""
    email, name = form.email.strip().lower(), " ".join(form.name.split())
    role = next((known for known in ROLES if known == form.role), None)
    problems: dict[str, str] = {}
    if not EMAIL.fullmatch(email):
        problems["email"] = "Tulis alamat surel yang lengkap, misalnya nama@belitung.go.id."
    if not name or len(name) > LONGEST_LINE:
        problems["name"] = f"Nama belum diisi, atau lebih dari {LONGEST_LINE} huruf."
    if role is None:
        problems["role"] = "Pilih peran petugas."
    if role == "officer":
        agency = office.store.directory.all_agencies().get(form.agency)
        if agency is None or not agency.value.active or agency.value.outside:
            problems["agency"] = "Pilih OPD tempat petugas ini bekerja."
    if problems or role is None:
        raise InvalidFields(problems)
    officer = Officer(
        email=email,
        name=name,
        role=role,
        agency=form.agency if role == "officer" else "",
        active=form.active,
        epoch=before.value.epoch if before else 0,
    )
    return replace(officer, epoch=officer.epoch + 1) if before and _loses(before.value, officer) else officer


def _manages(officer: Officer) -> bool:
    return officer.active and officer.role == "manager"


def _loses(before: Officer, after: Officer) -> bool:
    if not before.active:
        return False
    return not after.active or (before.role, before.agency) != (after.role, after.agency)


def _keep_a_manager(office: Office, commit: Commit, others: list[Stored[Officer]]) -> None:
    """Raise InvalidFields unless another manager stays; and let ``commit`` fail if that one has changed meanwhile.

    Two managers who dismiss each other at the same moment would otherwise leave none.
    """
    other = next((one for one in others if _manages(one.value)), None)
    if other is None:
        raise InvalidFields({"active": _LAST_MANAGER})
    office.store.directory.stage_officer(commit, other.value, other)


def _person_changes(stored: Stored[Officer] | None, after: Officer) -> str:
    before = stored.value if stored else Officer(email="", name="", role=after.role, active=not after.active)
    pairs = (
        ("surel", before.email, after.email),
        ("nama", before.name, after.name),
        ("peran", before.role if stored else "", after.role),
        ("OPD", before.agency, after.agency),
        ("aktif", upkeep.yes(before.active), upkeep.yes(after.active)),
    )
    return upkeep.changes(pairs, added=stored is None)
