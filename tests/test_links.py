"""One-ticket links: what was altered, is too old or was signed by somebody else does not open anything."""

from dataclasses import replace
from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer

from besadu import links
from besadu.errors import MissingSetting, Refused
from besadu.links import Link
from tests.factories import START, some_settings

SETTINGS = some_settings("links")
LINK = Link(ticket="BSD-26-4839-2050", agency="dishub", disposition=2, issued_at=START)


def test_a_link_comes_back_as_it_was_issued() -> None:
    assert links.read(SETTINGS, links.issue(SETTINGS, LINK), START) == LINK


def test_a_link_leads_to_the_desk_and_can_stand_in_an_address() -> None:
    token = links.issue(SETTINGS, LINK)
    assert links.url(SETTINGS, token) == f"{SETTINGS.besadu_public_url}/assignment/t/{token}"
    assert all(letter.isalnum() or letter in "-_." for letter in token)


def test_every_altered_letter_is_refused() -> None:
    token = links.issue(SETTINGS, LINK)
    for place, letter in enumerate(token):
        # The last letter of a signature holds two bits that nobody reads.
        other = "A" if letter != "A" else "Q"
        if place == len(token) - 1:
            continue
        with pytest.raises(Refused):
            links.read(SETTINGS, token[:place] + other + token[place + 1 :], START)


@pytest.mark.parametrize("token", ["", ".", "x", "a.b", "é", "W10.", "\x00", "A" * 5000])
def test_what_was_never_a_link_is_refused(token: str) -> None:
    with pytest.raises(Refused):
        links.read(SETTINGS, token, START)


def test_a_link_ends_on_the_second() -> None:
    token = links.issue(SETTINGS, LINK)
    assert links.read(SETTINGS, token, LINK.expires_at - timedelta(seconds=1)) == LINK
    with pytest.raises(Refused):
        links.read(SETTINGS, token, LINK.expires_at)


def test_a_link_signed_with_another_key_is_refused() -> None:
    stranger = replace(SETTINGS, link_key="another-key")
    with pytest.raises(Refused):
        links.read(SETTINGS, links.issue(stranger, LINK), START)


def test_during_a_rotation_both_keys_verify_and_the_first_signs() -> None:
    old, new, both = (replace(SETTINGS, link_key=key) for key in ("old", "new", "new,old"))
    assert links.read(both, links.issue(old, LINK), START) == LINK
    assert links.read(new, links.issue(both, LINK), START) == LINK
    with pytest.raises(Refused):
        links.read(old, links.issue(both, LINK), START)


def test_an_unset_key_neither_signs_nor_verifies() -> None:
    unset = replace(SETTINGS, link_key="")
    with pytest.raises(MissingSetting, match="LINK_KEY"):
        links.issue(unset, LINK)
    with pytest.raises(MissingSetting, match="LINK_KEY"):
        links.read(unset, links.issue(SETTINGS, LINK), START)


@pytest.mark.parametrize("content", [None, 5, "text", [], ["a", "b"], ["a", "b", "c", "d"], {"a": 1}])
def test_a_well_signed_token_of_another_form_is_refused(content: object) -> None:
    token = URLSafeSerializer(SETTINGS.link_key, salt="desk").dumps(content)
    with pytest.raises(Refused):
        links.read(SETTINGS, token, START)


def test_a_picture_link_opens_its_picture_until_it_ends_and_no_complaint() -> None:
    url = links.picture_url(SETTINGS, "abc123", START + timedelta(hours=1))
    token = url.removeprefix(f"{SETTINGS.besadu_public_url}/attachments/gambar/")
    assert links.read_picture(SETTINGS, token, START) == "abc123"
    for wrong, now in ((token, START + timedelta(hours=1)), (token + "x", START), ("", START)):
        with pytest.raises(Refused):
            links.read_picture(SETTINGS, wrong, now)
    with pytest.raises(Refused):
        links.read(SETTINGS, token, START)
    with pytest.raises(Refused):
        links.read_picture(SETTINGS, links.issue(SETTINGS, LINK), START)
