"""How a complaint stands, in words for its citizen."""

from besadu import texts
from besadu.domain.complaint import Complaint
from besadu.domain.conversation import Reply
from besadu.services import notices
from besadu.services.office import Office
from besadu.store.client import Stored


def of(office: Office, sender_key: str, ticket: str, current: Stored[Complaint] | None) -> Reply:
    """The answer to STATUS. Another citizen's ticket is as unknown as one that does not exist. Raises Unavailable."""
    if current is None or current.value.ticket != ticket:
        current = office.store.complaints.read(ticket, patient=False)
    if current is None or current.value.reporter.sender_key != sender_key:
        return Reply(key="status_unknown", values={"ticket": ticket}, urgent=True)
    complaint = current.value
    return Reply(
        key="status",
        values={"ticket": ticket, "label": texts.label(complaint.state), "detail": _detail(complaint)},
        urgent=True,
    )


def _detail(complaint: Complaint) -> str:
    """With whom it lies and until when, as far as there is something to say."""
    if complaint.merged_into:
        return texts.say("status_detail_merged", into=complaint.merged_into)
    if not complaint.due or complaint.clock not in {"verify", "accept", "answer"}:
        return ""
    if complaint.agency and complaint.clock != "verify":
        return texts.say(
            "status_detail_agency", agency=complaint.agency_name, due=notices.day(complaint, complaint.due)
        )
    return texts.say("status_detail_verify", due=notices.day(complaint, complaint.due))
