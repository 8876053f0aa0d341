"""What an empty database is filled with: agencies, one staff person a role, and sample complaints in every state."""

import tomllib
from pathlib import Path

from besadu.config import Settings
from besadu.frozen import replace
from besadu.queue import Queue
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect
from besadu.store.directory import AgencyRecord, Directory, OfficePage, Officer, Post
from besadu_local.seed import demo as sample_complaints
from besadu_local.stack import Stack
from besadu_local.staff import STAFF

AGENCIES = Path(__file__).with_name("agencies.toml")
# Numbers of the 0812-0000 block: long enough to be valid, and nobody's.
DUTY_NUMBER = "628120000{:04d}"
HEAD_NUMBER = "628120001{:04d}"
# Who is reminded on the office's own side.
ADMIN = Post(title="Meja pengaduan", email="meja@belitung.example")
SECRETARY = Post(title="Sekretaris Daerah", phone="6281200020001")
REGENT = Post(title="Bupati Belitung", phone="6281200020002")


def load(stack: Stack, *, demo: bool) -> None:
    """Fill the database of a running platform through the product's own use cases."""
    office = office_of(stack)
    for number, agency in enumerate(agencies(), start=1):
        office.store.directory.save_agency(_with_posts(agency, number))
    staff(office.store.directory)
    _posts(office)
    if demo:
        sample_complaints.load(office)


def office_of(stack: Stack) -> Office:
    """The product's tools on this platform, in this process; the environment leads the clients to the emulators."""
    names = Settings.__dataclass_fields__
    settings = Settings(**{name: stack.settings[name.upper()] for name in names if name.upper() in stack.settings})
    return Office(settings, open_store(connect(settings)), Queue(settings), stack.clock.now)


def agencies() -> list[AgencyRecord]:
    """The agencies and outside bodies of ``agencies.toml``, without numbers."""
    rows = tomllib.loads(AGENCIES.read_text("utf-8"))["agency"]
    return [AgencyRecord(**{**row, "topics": tuple(row["topics"])}) for row in rows]


def staff(directory: Directory) -> None:
    """Give everybody whom the sign-in provider knows their role."""
    for person in STAFF:
        directory.save_officer(
            Officer(email=person.email, name=person.name, role=person.role, agency=person.agency),
        )


def _posts(office: Office) -> None:
    stored, commit = office.store.directory.page_to_change(), office.store.commit()
    page = stored.value if stored else OfficePage()
    office.store.directory.stage_page(
        commit, replace(page, admin=ADMIN, secretary=SECRETARY, leaders=(REGENT,)), stored
    )
    commit.run()
    office.store.directory.forget()


def _with_posts(agency: AgencyRecord, number: int) -> AgencyRecord:
    if agency.outside:
        return agency
    short = agency.short or agency.name
    return AgencyRecord(
        code=agency.code,
        name=agency.name,
        short=agency.short,
        topics=agency.topics,
        contact=agency.contact,
        duty=Post(title=f"Pejabat penghubung {short}", phone=DUTY_NUMBER.format(number)),
        deputy=Post(title=f"Wakil penghubung {short}", email=f"wakil.{agency.code.lower()}@belitung.example"),
        head=Post(title=f"Kepala {short}", phone=HEAD_NUMBER.format(number)),
    )
