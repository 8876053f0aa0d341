"""Whom a one-ticket link lets in: each post has its own, an admin can end it, and openings are in the history."""

from collections.abc import Callable

import pytest

from besadu import links
from besadu.domain.outbox import OutboxItem
from besadu.errors import Invalid, Refused
from besadu.services import admission, casework, letters
from besadu.store.directory import Post
from besadu_local.stack import Stack
from tests.services.desk_case import ADMIN, Case, a_case


@pytest.fixture
def case(stack: Stack) -> Case:
    return a_case(stack)


@pytest.fixture
def revoke(case: Case) -> Callable[..., None]:
    """A second later, and so after all links there are."""

    def do(post: str = "", agency: str = "", *, send: bool = False) -> None:
        case.hands.advance(seconds=1)
        code = agency or case.agency.code
        casework.revoke_links(case.office, ADMIN, case.ticket, agency=code, post=post, reason="Tersebar.", send=send)

    return do


def opens(case: Case, token: str) -> bool:
    try:
        admission.follow(case.office, token)
    except Refused:
        return False
    return True


def newest(case: Case) -> OutboxItem:
    return max(case.office.store.outbox.of_ticket(case.ticket), key=lambda item: item.created_at)


def test_the_links_of_one_post_end_and_those_of_the_others_stay(case: Case, revoke: Callable[..., None]) -> None:
    duty, deputy = case.token(), case.token(post="deputy")
    revoke("duty")
    assert not opens(case, duty)
    assert opens(case, deputy)
    with pytest.raises(Refused, match="sudah dicabut"):
        admission.follow(case.office, duty)
    assert opens(case, case.token())  # a newer one, as the next reminder brings it


def test_all_links_of_an_agency_end_and_those_of_one_that_helps_stay(case: Case, revoke: Callable[..., None]) -> None:
    helper = case.support()
    tokens = [case.token(post=post) for post in links.POSTS]
    theirs = helper.token()
    revoke()
    assert not any(opens(case, token) for token in tokens)
    assert opens(helper, theirs)
    revoke(agency=helper.agency.code)
    assert not opens(helper, theirs)


def test_who_gets_a_new_link_is_let_in_by_it_and_by_no_older_one(case: Case, revoke: Callable[..., None]) -> None:
    old = case.token()
    revoke("duty", send=True)
    item = newest(case)
    assert (item.template, item.link_post, item.link_for) == ("disposisi_baru", "duty", case.agency.code)
    token, _ = letters._link(case.office, item, case.hands.now())
    assert opens(case, token)
    assert not opens(case, old)


def test_one_that_helps_gets_its_own_message_again(case: Case, revoke: Callable[..., None]) -> None:
    helper = case.support()
    revoke("duty", agency=helper.agency.code, send=True)
    item = newest(case)
    assert (item.template, item.link_for) == ("dukungan_diminta", helper.agency.code)
    token, _ = letters._link(case.office, item, case.hands.now())
    assert opens(helper, token)


def test_a_list_from_before_lets_nobody_in_who_was_shut_out(case: Case, revoke: Callable[..., None]) -> None:
    """Its links are as old as itself, whenever it is looked at."""
    before = links.ListLink(agency=case.agency.code, issued_at=case.hands.now())
    revoke("duty")
    (row,) = letters.waiting(case.office, before)
    assert not opens(case, row.token)
    (row,) = letters.waiting(case.office, links.ListLink(agency=case.agency.code, issued_at=case.hands.now()))
    assert opens(case, row.token)


def test_a_list_acts_as_the_post_that_got_it(case: Case) -> None:
    link = links.ListLink(agency=case.agency.code, issued_at=case.hands.now(), post="head")
    (row,) = letters.waiting(case.office, link)
    _, actor = admission.follow(case.office, row.token)
    assert actor.name == f"Kepala {case.agency.name}"


@pytest.mark.parametrize(("agency", "post"), [("lain", ""), ("", "kepala"), ("", "x:y")])
def test_only_links_that_there_are_can_be_ended(
    case: Case, revoke: Callable[..., None], agency: str, post: str
) -> None:
    with pytest.raises(Invalid):
        revoke(post, agency=agency)
    assert case.stored().revoked == ()


def test_the_links_of_an_agency_that_the_manager_has_closed_can_be_ended(
    case: Case, revoke: Callable[..., None]
) -> None:
    token = case.token()
    case.office.store.directory.save_agency(case.agency.__class__(**{**vars(case.agency), "active": False}))
    revoke(send=True)
    assert not opens(case, token)


def test_an_admin_sees_who_has_a_link_and_when_it_was_opened(case: Case) -> None:
    head = Post(title="Kepala Dinas", phone="6281299990001")
    case.office.store.directory.save_agency(case.agency.__class__(**{**vars(case.agency), "head": head}))
    helper = case.support()
    admission.enter(case.office, case.token())
    held = admission.holders(case.office, case.stored())
    assert [(one.agency, one.post, one.title, one.opened_at) for one in held] == [
        (case.agency.code, "duty", "Petugas piket DPUPR", case.hands.now()),
        (case.agency.code, "head", "Kepala Dinas DPUPR", None),
        (helper.agency.code, "duty", "Piket DLH", None),
    ]


def test_two_agencies_whose_posts_are_called_the_same_are_told_apart(case: Case) -> None:
    helper = case.support(duty=Post(title="Petugas piket", phone="6281299990009"))
    _, actor = admission.enter(case.office, helper.token())
    assert actor.name == "Petugas piket DLH"


def test_nobody_has_a_link_to_what_was_handed_to_nobody(stack: Stack) -> None:
    case = a_case(stack, forwarded=False)
    casework.ask(case.office, ADMIN, case.ticket, question="Di RT berapa?")
    assert admission.holders(case.office, case.stored()) == []
