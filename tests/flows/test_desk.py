"""The desk on the running platform: two officers at once, and two agencies over one complaint."""

import html
import secrets
import threading
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from besadu import links
from besadu.domain import ticket as tickets
from besadu.domain.complaint import Actor, Complaint, State
from besadu.services import casework, desk, handling
from besadu.services.office import Office
from besadu.services.supporting import Request
from besadu.store.directory import AgencyRecord, Post
from besadu_local import seed
from besadu_local.browser import Browser
from besadu_local.stack import Stack
from besadu_local.world.client import Phone
from tests.factories import ADMIN, a_complaint, keep_complaint

WORDS = {"duty": "Tulisan petugas piket.", "deputy": "Tulisan wakil."}


@dataclass(frozen=True)
class Two:
    """Duty post and deputy, each before the page of the same complaint as it stood at ``revision``."""

    office: Office
    address: str  # of the desk
    phones: str
    complaint: Complaint

    def stored(self) -> Complaint:
        found = self.office.store.complaints.read(self.complaint.ticket)
        assert found
        return found.value

    def at_once(self, steps: dict[links.LinkPost, dict[str, str]]) -> dict[str, requests.Response]:
        """Both press their button in the same moment; ``steps`` says which, with the form's other fields."""
        barrier, answers = threading.Barrier(2), {}

        def press(post: links.LinkPost) -> None:
            form = {"text": WORDS[post], "revision": str(self.complaint.revision), **steps[post]}
            address = f"{self.address}/{self._token(post)}/{form.pop('step')}"
            barrier.wait()
            answers[post] = requests.post(address, form, allow_redirects=False, timeout=30)

        threads = [threading.Thread(target=press, args=(post,)) for post in steps]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def _token(self, post: links.LinkPost) -> str:
        one = self.complaint
        link = links.Link(
            ticket=one.ticket,
            agency=one.agency,
            disposition=one.disposition,
            issued_at=self.office.now(),
            post=post,
        )
        return links.issue(self.office.settings, link)


@pytest.fixture
def two(stack: Stack) -> Two:
    office = seed.office_of(stack)
    agency = AgencyRecord(code=f"uji-{secrets.token_hex(4)}", name="Dinas Uji")
    office.store.directory.save_agency(agency)
    number = tickets.new(office.now())
    keep_complaint(office, a_complaint(ticket=number, created_at=office.now(), updated_at=office.now()))
    complaint = casework.forward(office, ADMIN, number, agency_code=agency.code)
    desk_at = f"{stack.addresses['functions']}/assignment/t"
    return Two(office, desk_at, stack.addresses["phone"], complaint)


@pytest.mark.parametrize(
    ("one", "other"),
    [("answer", "answer"), ("accept", "return"), ("return", "answer"), ("accept", "accept"), ("ask", "return")],
)
def test_of_two_at_once_one_wins_and_the_other_reads_by_whom_and_keeps_the_words(
    two: Two, one: desk.DeskAction, other: desk.DeskAction
) -> None:
    answers = two.at_once({"duty": {"step": one}, "deputy": {"step": other}})
    assert sorted(answer.status_code for answer in answers.values()) == [303, 409], {
        post: answer.text for post, answer in answers.items()
    }
    (won,) = (post for post, answer in answers.items() if answer.status_code == 303)
    (lost,) = set(answers) - {won}
    step = {"duty": one, "deputy": other}
    page = html.unescape(answers[lost].text)
    entries = [entry for entry in two.stored().history if entry.role == "officer" and entry.action != "open_link"]
    assert [entry.action for entry in entries] == [step[won]]  # type: ignore[index]  # posts by name
    assert f"oleh {entries[0].actor} pada" in page
    if step[lost] != "accept":  # type: ignore[index]  # (same)
        assert WORDS[lost] in page


def test_more_time_is_given_once_to_two_who_ask_at_once(two: Two) -> None:
    officer = Actor(role="officer", name="Piket", agency=two.complaint.agency)
    accepted = handling.accept(two.office, officer, two.complaint.ticket)
    assert accepted.due
    calendar = two.office.calendar()
    days = calendar.working_days(accepted.due.date())
    day = [next(days) for _ in range(4)][-1].isoformat()
    both = replace(two, complaint=accepted)
    form = {"step": "extend", "day": day}
    answers = both.at_once({"duty": form, "deputy": form})
    assert sorted(answer.status_code for answer in answers.values()) == [303, 409]
    assert both.stored().extensions == 1
    assert (both.stored().extension, both.stored().state) == (None, State.IN_PROGRESS)


def test_an_agency_that_helps_hears_on_its_phone_opens_its_link_and_the_leading_one_hears_of_it(
    two: Two, stack: Stack
) -> None:
    office, phones = two.office, two.address.partition("/assignment")[0]
    lead, helper = (f"6281299{secrets.randbelow(10**6):06d}" for _ in range(2))
    codes = [f"uji-{secrets.token_hex(4)}" for _ in range(2)]
    for code, number in zip(codes, (lead, helper), strict=True):
        office.store.directory.save_agency(AgencyRecord(code=code, name=f"Dinas {code}", duty=Post(phone=number)))
    stack.clock.advance(61)  # doors remember agencies for a minute
    number = tickets.new(office.now())
    keep_complaint(office, a_complaint(ticket=number, created_at=office.now(), updated_at=office.now()))
    wanted = Request(agency=codes[1], wanted="Mohon cek salurannya.")
    casework.forward(office, ADMIN, number, agency_code=codes[0], helpers=[wanted])

    asked = Phone(two.phones, helper).wait_for(lambda one: one["template"] == "dukungan_diminta", timeout=30)
    assert number in asked["text"]
    assert f"Dinas {codes[0]}" in asked["text"]
    desk_page = Browser()
    assert "Mohon cek salurannya." in desk_page.open(urljoin(phones, urlsplit(asked["link"]).path))
    page = desk_page.submit("/contribute", text="Saluran bersih.", finished="ya")
    assert "bagian Anda sudah selesai" in page
    news = Phone(two.phones, lead).wait_for(lambda one: one["template"] == "dukungan_masuk", timeout=30)
    assert "bagiannya sudah dikirim" in news["text"]
    assert "Saluran bersih." in Browser().open(urljoin(phones, urlsplit(news["link"]).path))
