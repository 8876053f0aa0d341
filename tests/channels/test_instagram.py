"""Instagram: both forms of webhook are understood, and what we send keeps to the thousand bytes."""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from besadu.channels import instagram
from besadu.domain.message import Address, Outgoing, SendResult
from besadu_local.world.accounts import identity_of
from besadu_local.world.phone import SAMPLES
from tests.channels.accounts import INSTAGRAM, NOW, PAGE, PAYLOADS, SETTINGS, Reader, World, payloads, webhook, world

READ = Reader(instagram, "instagram")

KINDS = {
    "attachment_of_the_future": ("event", "unsupported:hologram"),
    "changes_echo": ("ignored", "echo"),
    "changes_edit": ("edit", ""),
    "changes_photo": ("message", ""),
    "changes_seen": ("receipt", ""),
    "changes_text": ("message", ""),
    "comment": ("ignored", "field:comments"),
    "dashboard_test": ("ignored", "dashboard_test"),
    "echo_of_ours": ("receipt", ""),
    "echo_of_staff": ("ignored", "echo"),
    "edit": ("edit", ""),
    "edit_zero_without_text": ("ignored", "edit"),
    "for_another_account": ("ignored", "other_account"),
    "handover_pass": ("ignored", "pass_thread_control"),
    "like_heart": ("ignored", "like_heart"),
    "live_comment": ("ignored", "field:live_comments"),
    "mention": ("ignored", "field:mentions"),
    "of_another_product": ("ignored", "object:whatsapp_business_account"),
    "own_message_without_echo_mark": ("ignored", "self"),
    "photo_seen_once": ("event", "unsupported:ephemeral"),
    "reaction": ("ignored", "reaction"),
    "reaction_removed": ("ignored", "reaction"),
    "referral": ("ignored", "referral"),
    "standby": ("ignored", "standby"),
    "story_mention": ("event", "story_mention"),
    "story_reply": ("message", ""),
    "text": ("message", ""),
    "to_oneself": ("ignored", "self"),
    "unsend": ("revoke", ""),
    "unsupported": ("event", "unsupported:message"),
}

REFUSED = {
    "changes_value_null": "NoEvent",
    "entry_missing": "NoEntries",
    "image_without_url": "NoFile",
    "kind_of_the_future": "UnknownEvent",
    "message_empty": "NoContent",
    "message_null": "UnknownEvent",
    "no_sender_at_all": "NoSender",
}

WORDS = {
    "changes_text": ("Lewat bentuk changes", ""),
    "edit": ("Jalan depan SMP 2", ""),
    "postback_menu": ("Mulai lapor", "HALO"),
    "quick_reply": ("Puas", "PUAS"),
    "shared_ig_post_with_title": ("Lihat ini\nSampah di pantai\nhttps://www.instagram.com/p/abc/", ""),
    "shared_post": ("https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=7&signature=Gh", ""),
    "shared_reel": ("Banjir\nhttps://www.instagram.com/reel/abc/", ""),
    "story_reply": ("Di kampung saya juga rusak", ""),
    "text": ("Jalan berlubang di depan SMP 1 \u2013 tolong 🙏", ""),
}

FILES = {
    "changes_photo": ["image"],
    "image": ["image"],
    "photo_beside_broken_attachments": ["image"],
    "several_photos_in_one_message": ["image"] * 3,
    "video": ["video"],
    "voice_clip": ["audio"],
}


@pytest.mark.parametrize("path", payloads("instagram"), ids=lambda path: path.stem)
def test_every_payload_can_be_stored_as_utf_8(path: Path) -> None:
    for message in READ.raw(path.read_bytes()).messages:
        repr(message).encode()
        message.text.encode()
        assert message.provider_id
        assert (message.address.channel, message.address.account) == ("instagram", INSTAGRAM)
        assert message.sent_at.tzinfo is UTC


@pytest.mark.parametrize("name", KINDS)
def test_each_situation_has_its_kind(name: str) -> None:
    message = READ.only(name)
    assert (message.kind, message.note) == KINDS[name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_kept_with_a_reason(name: str) -> None:
    parsed = READ.parse(name)
    assert not parsed.messages
    assert [piece.reason for piece in parsed.unparsed] == [REFUSED[name]]


@pytest.mark.parametrize("name", WORDS)
def test_words_links_and_payloads_are_read(name: str) -> None:
    message = READ.only(name)
    assert (message.text, message.payload) == WORDS[name]


@pytest.mark.parametrize("name", FILES)
def test_files_are_attachments_with_their_address(name: str) -> None:
    files = READ.only(name).attachments
    assert [file.kind for file in files] == FILES[name]
    assert all(file.url.startswith("https://") for file in files)


@pytest.mark.parametrize("name", ["changes_text", "text", "text_time_as_string", "text_time_in_seconds"])
def test_times_are_read_in_every_form(name: str) -> None:
    assert READ.only(name).sent_at == datetime(2026, 1, 5, 5, 20, tzinfo=UTC)
    assert READ.only("text_time_broken").sent_at == NOW


@pytest.mark.parametrize("name", ["read", "changes_seen"])
def test_a_read_names_its_message(name: str) -> None:
    receipt = READ.only(name).receipt
    assert receipt is not None
    assert (receipt.state, receipt.provider_id[-4:]) == ("read", "9003")


def test_broken_ones_do_not_lose_their_neighbours() -> None:
    parsed = READ.parse("broken_ones_among_good")
    assert [message.text for message in parsed.messages] == ["baik pertama", "baik kedua", "entri ketiga"]
    assert [piece.reason for piece in parsed.unparsed] == ["NoEvent", "NoContent"]


def test_nothing_is_ours_while_no_account_is_connected() -> None:
    raw = (PAYLOADS / "instagram" / "text.json").read_bytes()
    unset = replace(SETTINGS, instagram_account_id="")
    assert [message.kind for message in instagram.parse(webhook(raw), unset).messages] == ["ignored"]


@given(
    text=st.text(
        st.sampled_from("abc .\n\u00e9\u20ac\U0001f64f\u0301\U0001f3fd\u200d\U0001f468\U0001f469"), max_size=900
    )
)
def test_a_text_is_cut_at_a_thousand_bytes_and_no_word_is_lost(text: str) -> None:
    pieces = instagram.split(text)
    assert all(0 < len(piece.encode()) <= 1000 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_an_emoji_or_accent_is_not_cut_in_two() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    for piece in instagram.split(family * 120):
        assert piece.replace(family, "") == ""
    for piece in instagram.split("e\u0301" * 700):
        assert not unicodedata.combining(piece[0])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as up:
        yield up


class Talk:
    """Rani and the regency's account."""

    def __init__(self, site: World) -> None:
        self.site = site
        self.rani = site.phone("@rani.belitong", "Rani", "instagram")
        self.igsid = identity_of("@rani.belitong", "instagram")

    def send(self, **what: Any) -> SendResult:
        address = Address(channel="instagram", account=INSTAGRAM, user_id=self.igsid)
        return instagram.send(Outgoing(outbox_id="ob-1", address=address, **what), settings=self.site.settings)


@pytest.fixture
def talk(site: World) -> Talk:
    talk = Talk(site)
    talk.rani.say("Halo")
    return talk


def test_a_reply_with_choices_arrives_and_a_pressed_one_comes_back(site: World, talk: Talk) -> None:
    sent = talk.send(text="Apakah sudah puas?", buttons=("PUAS", "BELUM"))
    assert sent.outcome == "sent"
    talk.rani.press(talk.rani.wait_for(lambda one: one["id"] == sent.provider_id), "BELUM")
    (pressed,) = site.wait(instagram, lambda one: one.payload == "BELUM")
    assert (pressed.text, pressed.target_id, pressed.address.user_id) == ("BELUM", sent.provider_id, talk.igsid)


def test_the_echo_and_the_read_of_a_reply_come_back_as_receipts(site: World, talk: Talk) -> None:
    sent = talk.send(text="Terima kasih.")
    receipts = site.wait(instagram, lambda one: one.kind == "receipt", 2)
    assert [one.receipt and (one.receipt.state, one.receipt.provider_id) for one in receipts] == [
        ("sent", sent.provider_id),
        ("read", sent.provider_id),
    ]


def test_the_same_name_is_another_person_on_facebook(site: World, talk: Talk) -> None:
    rani = site.phone("@rani.belitong", "Rani", "facebook")
    rani.say("Halo")
    talk.send(text="Terima kasih.")
    assert [message["text"] for message in talk.rani.inbox()] == ["Terima kasih."]
    assert rani.inbox() == []


def test_without_a_page_the_account_itself_sends(site: World, talk: Talk) -> None:
    alone = replace(site.settings, facebook_page_id="")
    address = Address(channel="instagram", account=INSTAGRAM, user_id=talk.igsid)
    sent = instagram.send(Outgoing(outbox_id="ob-2", address=address, text="Halo"), settings=alone)
    assert sent.outcome == "sent"
    unset = replace(alone, instagram_account_id="")
    refused = instagram.send(Outgoing(outbox_id="ob-2", address=address, text="Halo"), settings=unset)
    assert (refused.outcome, refused.error_code) == ("bug", "no_account")


def test_a_photo_is_fetched_and_a_place_cannot_be_sent(site: World, talk: Talk) -> None:
    photo = SAMPLES / "foto-lampu-padam.jpg"
    talk.rani.photo(photo, "Lampunya padam")
    (message,) = site.wait(instagram, lambda one: bool(one.attachments))
    with instagram.fetch_media(message.attachments[0], settings=site.settings) as media:
        assert b"".join(media.chunks) == photo.read_bytes()
    site.wait(instagram, lambda one: one.text == "Lampunya padam")
    with pytest.raises(requests.HTTPError):
        talk.rani.location(-2.7, 107.6)


DAY = 86_400


@pytest.mark.parametrize(
    ("days", "tag", "outcome"),
    [
        (0.9, "", "sent"),
        (1.1, "", "window_closed"),
        (6.9, "human_agent", "sent"),
        (7.1, "human_agent", "window_closed"),
    ],
)
def test_the_window_is_a_day_and_a_week_for_what_a_person_wrote(
    site: World, talk: Talk, days: float, tag: Any, outcome: str
) -> None:
    site.advance(int(days * DAY))
    assert talk.send(text="Jawaban", tag=tag).outcome == outcome


def test_the_thousand_bytes_are_counted_on_both_sides(site: World, talk: Talk) -> None:
    assert talk.send(text="\u00e9" * 500).outcome == "sent"
    assert (talk.send(text="\u00e9" * 501).outcome, talk.send(text="\u00e9" * 501).error_code) == (
        "bug",
        "text_too_long",
    )
    frame = {"recipient": {"id": talk.igsid}, "message": {"text": "\u00e9" * 501}}
    headers = {"Authorization": "Bearer bearer-token"}
    answer = requests.post(f"{site.url}/graph/{PAGE}/messages", json=frame, headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
