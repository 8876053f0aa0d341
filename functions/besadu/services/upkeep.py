"""What changes of staff and of agencies have in common: who may make them, the commit, and the audit."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from besadu.errors import Conflict, Refused
from besadu.identity import Person
from besadu.services.office import Office
from besadu.store.audit import AuditEntry
from besadu.store.client import PATIENT_TIMEOUT, AlreadyThere, Commit

T = TypeVar("T")
MOST_TRIES: Final = 5
LONGEST_LINE: Final = 120


def log_of_changes(office: Office) -> list[AuditEntry]:
    """The latest changes, newest first."""
    return office.store.audit.newest()


def manager_only(by: Person) -> None:
    """Raises Refused for anybody else."""
    if by.role != "manager":
        raise Refused("only a manager changes staff and agencies")


def tried(office: Office, attempt: Callable[[Commit], T]) -> T:
    """What ``attempt`` decides, once its writes stand; read and decided anew when somebody else was faster.

    An entry of the audit is taken back when another takes its place or nothing comes of the change. When there is
    nothing left to change, the refused writes were made after all, and their entry stands.
    """
    refused: Commit | None = None
    for _ in range(MOST_TRIES):
        commit = office.store.commit()
        try:
            made = attempt(commit)
        except Exception:
            _withdraw(refused)
            raise
        if commit.announces:
            _withdraw(refused)
        try:
            commit.run(timeout=PATIENT_TIMEOUT)
        except (AlreadyThere, Conflict):
            refused = commit
            continue
        return made
    _withdraw(refused)
    raise Conflict("staffing")


def _withdraw(refused: Commit | None) -> None:
    if refused:
        refused.withdraw()


def stage_audit(office: Office, commit: Commit, by: Person, action: str, target: str, note: str) -> None:
    """Let ``commit`` write down who did what to whom; ``note`` without telephone numbers."""
    entry = AuditEntry(at=office.now(), actor=by.email, action=action, target=target, note=note)
    office.store.audit.stage(commit, entry)


def changes(pairs: Iterable[tuple[str, str, str]], *, added: bool) -> str:
    """Name, old and new value of each field: what differs, or for something new what is set."""
    if added:
        return "; ".join(f"{name}: {new}" for name, _, new in pairs if new)
    return "; ".join(f"{name}: {old or '-'} → {new or '-'}" for name, old, new in pairs if old != new)


def yes(value: bool) -> str:  # noqa: FBT001 - the value itself, not a switch
    """A yes or no, as the audit says it."""
    return "ya" if value else "tidak"
