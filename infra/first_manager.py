"""The first manager of an empty office: see infra/first-manager."""

import sys
from datetime import UTC, datetime

from besadu.config import Settings
from besadu.store import Store, open_store
from besadu.store.audit import AuditEntry
from besadu.store.client import connect, connect_audit
from besadu.store.directory import Officer


def invite(store: Store, email: str, name: str, now: datetime) -> str:
    """Add the manager, with an entry of the audit; what was done, in words. Nobody is added where a manager is."""
    if "@" not in email:
        return f"{email} is no e-mail address"
    if any(one.role == "manager" and one.active for one in store.directory.officers()):
        return "there is a manager already: ask that person to add you in the console"
    officer = Officer(email=email.strip().lower(), name=name, role="manager")
    commit = store.commit()
    known = store.directory.staff()
    before = next((stored for stored in known.values() if stored.value.email == officer.email), None)
    store.directory.stage_officer(commit, officer, before)
    entry = AuditEntry(
        at=now, actor="infra/first-manager", action="person_added", target=officer.email, note="peran: manager"
    )
    store.audit.stage(commit, entry)
    commit.run(timeout=10)
    return f"{officer.email} may sign in as manager"


def main() -> None:
    """Arguments: project, e-mail address, name."""
    project, email, name = sys.argv[1:]
    settings = Settings(google_cloud_project=project)
    store = open_store(connect(settings), connect_audit(settings))
    sys.stdout.write(invite(store, email, name, datetime.now(UTC)) + "\n")


if __name__ == "__main__":
    main()
