"""The only importer of google.cloud.firestore: reads and commits, no rule of the office."""

from google.cloud import firestore

from besadu.frozen import dataclass
from besadu.store.audit import Audit
from besadu.store.client import Commit
from besadu.store.complaints import Complaints
from besadu.store.directory import Directory
from besadu.store.evidence import EvidenceStore
from besadu.store.inbox import Inbox
from besadu.store.orders import Orders
from besadu.store.outbox import Outbox
from besadu.store.outreach import Outreaches
from besadu.store.phrases import Phrases
from besadu.store.progress import Progress
from besadu.store.reminders import Reminders
from besadu.store.senders import Senders


@dataclass(frozen=True)
class Store:
    """All collections."""

    database: firestore.Client
    inbox: Inbox
    senders: Senders
    complaints: Complaints
    outbox: Outbox
    outreach: Outreaches
    phrases: Phrases
    reminders: Reminders
    orders: Orders
    evidence: EvidenceStore
    directory: Directory
    audit: Audit
    progress: Progress

    def commit(self) -> Commit:
        """A new, empty commit."""
        return Commit(self.database)


def open_store(database: firestore.Client, audit: firestore.Client | None = None) -> Store:
    """The collections of ``database``; only the console gives the one where the audit is."""
    outbox = Outbox(database)
    return Store(
        database=database,
        inbox=Inbox(database),
        senders=Senders(database),
        complaints=Complaints(database, outbox),
        outbox=outbox,
        outreach=Outreaches(database),
        phrases=Phrases(database),
        reminders=Reminders(database),
        orders=Orders(database),
        evidence=EvidenceStore(database),
        directory=Directory(database),
        audit=Audit(audit or database),
        progress=Progress(database),
    )
