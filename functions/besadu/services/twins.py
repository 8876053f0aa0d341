"""In which complaints a photo or recording was used before."""

from collections.abc import Iterable, Mapping

from besadu.domain.complaint import Complaint
from besadu.domain.evidence import Evidence
from besadu.services.office import Office


def used_in(office: Office, number: str, items: Iterable[Evidence]) -> Mapping[str, tuple[str, ...]]:
    """File id -> the other tickets that have the same file; files that were used once are left out.

    Costs nothing while there are no such files. A file that came before its ticket does not know it: the complaints of
    its sender are asked. Raises Unavailable.
    """
    files = [item for item in items if item.twins]
    if not files:
        return {}
    found = {twin.id: twin for twin in office.store.evidence.read_all(one for item in files for one in item.twins)}
    senders = {twin.sender_key for twin in found.values() if not twin.ticket and twin.sender_key}
    complaints = [complaint for sender in sorted(senders) for complaint in office.store.complaints.of_sender(sender)]
    named = {twin_id: _ticket_of(twin, complaints) for twin_id, twin in found.items()}
    used = {item.id: tuple(dict.fromkeys(named.get(one, "") for one in item.twins)) for item in files}
    others = {id_: tuple(ticket for ticket in tickets if ticket not in ("", number)) for id_, tickets in used.items()}
    return {id_: tickets for id_, tickets in others.items() if tickets}


def _ticket_of(item: Evidence, complaints: list[Complaint]) -> str:
    if item.ticket:
        return item.ticket
    having = (one for one in complaints if any(item.id in line.evidence for line in one.talk))
    return next((one.ticket for one in having), "")
