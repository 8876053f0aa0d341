"""Messenger: what Meta sends about the page is understood, and what we send is what the Send API takes."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from besadu.channels import http, messenger
from besadu.channels.send_api import CDN_HOSTS
from besadu.domain.message import Address, Attachment, Outgoing, SendResult
from besadu.errors import MediaGone, Unavailable
from besadu_local.world.accounts import identity_of
from besadu_local.world.phone import SAMPLES
from tests.channels.accounts import NOW, PAGE, PAYLOADS, SETTINGS, Reader, World, payloads, serving, webhook, world

READ = Reader(messenger, "messenger")
PSID = "7012345678901234"
PHOTO = SAMPLES / "foto-jalan-rusak.jpg"

KINDS = {
    "appointment": ("event", "unsupported:appointment_booking"),
    "attachment_of_the_future": ("event", "unsupported:hologram"),
    "dashboard_test": ("ignored", "dashboard_test"),
    "delivered_up_to_a_time": ("ignored", "delivery"),
    "echo_of_ours": ("receipt", ""),
    "echo_of_staff": ("ignored", "echo"),
    "edit": ("edit", ""),
    "edit_zero_without_text": ("ignored", "edit"),
    "for_another_account": ("ignored", "other_account"),
    "handover_pass": ("ignored", "pass_thread_control"),
    "handover_take": ("ignored", "take_thread_control"),
    "of_another_product": ("ignored", "object:whatsapp_business_account"),
    "own_message_without_echo_mark": ("ignored", "self"),
    "page_feed": ("ignored", "field:feed"),
    "policy_warning": ("event", "policy_enforcement"),
    "reaction": ("ignored", "reaction"),
    "reaction_removed": ("ignored", "reaction"),
    "read_up_to_a_time": ("ignored", "read"),
    "referral": ("ignored", "referral"),
    "shared_link_with_nothing": ("event", "unsupported:fallback"),
    "standby": ("ignored", "standby"),
    "text": ("message", ""),
    "unsend": ("revoke", ""),
}

REFUSED = {
    "entry_missing": "NoEntries",
    "image_without_url": "NoFile",
    "kind_of_the_future": "UnknownEvent",
    "location_impossible": "NoPlace",
    "message_empty": "NoContent",
    "message_null": "UnknownEvent",
    "no_sender_at_all": "NoSender",
}

WORDS = {
    "edit": ("Jalan depan SMP 2", ""),
    "image": ("", ""),
    "link_written_and_attached": ("https://www.belitung.example/berita", ""),
    "postback_menu": ("Mulai lapor", "HALO"),
    "postback_without_mid": ("Mulai lapor", "HALO"),
    "quick_reply": ("Puas", "PUAS"),
    "shared_link_with_payload": ("Lihat ini\nSampah menumpuk\nhttps://www.facebook.com/p/2", ""),
    "shared_link_without_payload": ("Jalan rusak viral\nhttps://www.facebook.com/groups/1/posts/2", ""),
    "shared_post": ("Pengumuman\nhttps://www.facebook.com/1/posts/3", ""),
    "shared_reel_relative_link": ("Banjir\nhttps://www.facebook.com/reel/101010", ""),
    "text": ("Jalan berlubang di depan SMP 1 \u2013 tolong 🙏", ""),
    "text_lone_surrogate": ("rusak \ufffd sekali\ufffd", ""),
}

FILES = {
    "document": [("document", "surat warga.pdf")],
    "image": [("image", "")],
    "photo_beside_broken_attachments": [("image", "")],
    "several_photos_in_one_message": [("image", "")] * 3,
    "sticker": [("sticker", "")],
    "sticker_of_the_old_form": [("sticker", "")],
    "text_null_beside_photo": [("image", "")],
    "video": [("video", "")],
    "voice_clip": [("audio", "")],
}


@pytest.mark.parametrize("path", payloads("messenger"), ids=lambda path: path.stem)
def test_every_payload_can_be_stored_as_utf_8(path: Path) -> None:
    for message in READ.raw(path.read_bytes()).messages:
        repr(message).encode()
        message.text.encode()
        assert message.provider_id
        assert (message.address.channel, message.address.account) == ("facebook", PAGE)
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
def test_words_titles_links_and_payloads_are_read(name: str) -> None:
    message = READ.only(name)
    assert (message.text, message.payload) == WORDS[name]


@pytest.mark.parametrize("name", FILES)
def test_files_are_attachments_with_their_address(name: str) -> None:
    files = READ.only(name).attachments
    assert [(file.kind, file.filename) for file in files] == FILES[name]
    assert all(file.url.startswith("https://") for file in files)


@pytest.mark.parametrize(("name", "place"), [("location", (-2.7411, 107.6339)), ("location_at_zero", (0.0, 0.0))])
def test_a_place_is_an_attachment_with_degrees(name: str, place: tuple[float, float]) -> None:
    (found,) = READ.only(name).attachments
    assert (found.kind, found.latitude, found.longitude) == ("location", *place)


@pytest.mark.parametrize("name", ["text", "text_time_as_string", "text_time_in_seconds"])
def test_times_are_read_in_every_form(name: str) -> None:
    assert READ.only(name).sent_at == datetime(2026, 1, 5, 5, 20, tzinfo=UTC)


@pytest.mark.parametrize("name", ["text_time_broken", "text_time_missing"])
def test_a_broken_time_loses_nothing(name: str) -> None:
    assert READ.only(name).sent_at == NOW


def test_broken_ones_do_not_lose_their_neighbours() -> None:
    parsed = READ.parse("broken_ones_among_good")
    assert [message.text for message in parsed.messages] == ["baik pertama", "baik kedua", "entri ketiga"]
    assert [piece.reason for piece in parsed.unparsed] == ["NoEvent", "NoContent"]
    assert parsed.unparsed[1].provider_id.startswith("m_")


def test_two_people_in_one_batch_are_two_senders() -> None:
    assert len({message.address.sender for message in READ.parse("two_people_in_one_batch").messages}) == 2


def test_edits_of_one_message_have_keys_of_their_own_and_the_same_when_they_come_again() -> None:
    first, second = READ.only("edit"), READ.only("edit_number_as_string")
    assert first.target_id == second.target_id
    assert first.provider_id != second.provider_id
    assert first.provider_id == READ.only("edit").provider_id
    assert READ.only("unsend").target_id


def test_a_delivery_is_a_receipt_for_each_message() -> None:
    receipts = [message.receipt for message in READ.parse("delivered_two_messages").messages]
    assert [receipt and (receipt.provider_id, receipt.state) for receipt in receipts] == [
        ("m_AbC-9003", "delivered"),
        ("m_AbC-9005", "delivered"),
    ]


def test_the_echo_of_our_own_message_says_that_it_was_sent() -> None:
    echo = READ.only("echo_of_ours")
    assert echo.receipt is not None
    assert (echo.receipt.state, echo.receipt.outbox_id, echo.receipt.provider_id) == ("sent", "ob_4f2c", "m_AbC-9003")
    assert echo.address.user_id == PSID


def test_nothing_is_ours_while_no_page_is_connected() -> None:
    raw = (PAYLOADS / "messenger" / "text.json").read_bytes()
    unset = replace(SETTINGS, facebook_page_id="")
    assert [message.kind for message in messenger.parse(webhook(raw), unset).messages] == ["ignored"]


def test_a_long_text_is_cut_at_2000_characters() -> None:
    pieces = messenger.split("Jalan rusak sekali. " * 300)
    assert len(pieces) > 1
    assert all(len(piece) <= 2000 for piece in pieces)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as up:
        yield up


class Talk:
    """Rudi and the page."""

    def __init__(self, site: World) -> None:
        self.site = site
        self.rudi = site.phone("@rudi.hartono", "Rudi", "facebook")
        self.psid = identity_of("@rudi.hartono", "facebook")

    def send(self, **what: Any) -> SendResult:
        address = Address(channel="facebook", account=PAGE, user_id=what.pop("to", self.psid))
        return messenger.send(Outgoing(outbox_id="ob-1", address=address, **what), settings=self.site.settings)


@pytest.fixture
def talk(site: World) -> Talk:
    talk = Talk(site)
    talk.rudi.say("Halo")
    return talk


def test_a_reply_with_choices_arrives_and_a_pressed_one_comes_back(site: World, talk: Talk) -> None:
    sent = talk.send(text="Apakah sudah puas?", buttons=("PUAS", "BELUM"))
    assert (sent.outcome, sent.provider_id[:2]) == ("sent", "m_")
    message = talk.rudi.wait_for(lambda one: one["id"] == sent.provider_id)
    talk.rudi.press(message, "PUAS")
    (pressed,) = site.wait(messenger, lambda one: one.payload == "PUAS")
    assert (pressed.text, pressed.target_id, pressed.address.user_id) == ("PUAS", sent.provider_id, talk.psid)


def test_bold_is_whatsapp_s_and_is_not_shown_as_asterisks(talk: Talk) -> None:
    talk.send(text="Nomor laporan: *BSD-2026-1*, 2*3*4, tarif * dan *bagian\nlain*")
    assert talk.rudi.inbox()[-1]["text"] == "Nomor laporan: BSD-2026-1, 2*3*4, tarif * dan *bagian\nlain*"


def test_the_echo_and_the_delivery_of_a_reply_come_back_as_receipts(site: World, talk: Talk) -> None:
    sent = talk.send(text="Terima kasih.")
    receipts = site.wait(messenger, lambda one: one.kind == "receipt", 2)
    assert [one.receipt and (one.receipt.state, one.receipt.provider_id) for one in receipts] == [
        ("sent", sent.provider_id),
        ("delivered", sent.provider_id),
    ]
    assert receipts[0].receipt
    assert receipts[0].receipt.outbox_id == "ob-1"
    site.wait(messenger, lambda one: one.note == "read")


def test_several_photos_and_a_place_reach_us_and_the_photos_are_fetched_without_a_token(
    site: World, talk: Talk
) -> None:
    talk.rudi.album([PHOTO, SAMPLES / "foto-lampu-padam.jpg"])
    talk.rudi.location(-2.7411, 107.6339, "Pasar Tanjungpandan")
    (album,) = site.wait(messenger, lambda one: len(one.attachments) == 2)
    with messenger.fetch_media(album.attachments[0], settings=site.settings) as media:
        content = b"".join(media.chunks)
    assert hashlib.sha256(content).hexdigest() == hashlib.sha256(PHOTO.read_bytes()).hexdigest()
    (place,) = site.wait(messenger, lambda one: bool(one.attachments) and one.attachments[0].kind == "location")
    assert place.attachments[0].latitude == -2.7411


def test_a_picture_is_sent_by_link_and_one_that_cannot_be_fetched_is_refused(site: World, talk: Talk) -> None:
    link = f"{site.url}/samples/foto-selesai.jpg"
    assert talk.send(media_url=link, media_kind="image").outcome == "sent"
    assert talk.rudi.inbox()[-1]["mime"] == "image/jpeg"
    assert talk.send(media_url=f"{site.url}/samples/tidak-ada.jpg", media_kind="image").outcome == "bug"


DAY = 86_400


@pytest.mark.parametrize(
    ("days", "tag", "outcome"),
    [
        (0.9, "", "sent"),
        (1.1, "", "window_closed"),
        (1.1, "human_agent", "sent"),
        (6.9, "human_agent", "sent"),
        (7.1, "human_agent", "window_closed"),
    ],
)
def test_the_window_is_a_day_and_a_week_for_what_a_person_wrote(
    site: World, talk: Talk, days: float, tag: Any, outcome: str
) -> None:
    site.advance(int(days * DAY))
    assert talk.send(text="Jawaban", tag=tag).outcome == outcome


@pytest.mark.parametrize(
    ("code", "subcode", "status", "outcome"),
    [
        (10, 2018278, 400, "window_closed"),
        (10, 2534022, 200, "window_closed"),
        (10, 2018108, 400, "permanent"),
        (10, None, 403, "unauthorised"),
        (551, 1545041, 400, "permanent"),
        (100, 2018001, 400, "permanent"),
        (100, None, 400, "bug"),
        (4, None, 400, "slow_down"),
        (32, None, 400, "slow_down"),
        (613, None, 400, "slow_down"),
        (80006, None, 400, "slow_down"),
        (190, 463, 401, "unauthorised"),
        (200, None, 403, "unauthorised"),
        (1, None, 500, "retry"),
        (2, None, 500, "retry"),
        (1200, None, 200, "retry"),
    ],
)
def test_an_error_says_what_to_do_next(
    site: World, talk: Talk, code: int, subcode: int | None, status: int, outcome: str
) -> None:
    site.fail(place="send", mode="error", status=status, code=code, subcode=subcode)
    result = talk.send(text="Halo")
    assert (result.outcome, result.error_code) == (outcome, str(code))


def test_what_nobody_answered_is_in_doubt(site: World, talk: Talk) -> None:
    site.fail(place="send", mode="reset", accepted=True)
    assert talk.send(text="Halo").outcome == "ambiguous"
    site.fail(place="send", mode="html", status=502)
    assert talk.send(text="Halo").outcome == "ambiguous"
    (first, *_) = site.wait(messenger, lambda one: bool(one.receipt and one.receipt.outbox_id == "ob-1"))
    assert first.receipt
    assert first.receipt.state == "sent"


def test_somebody_unknown_to_the_page_cannot_be_written_to(talk: Talk) -> None:
    assert talk.send(to="123456789", text="Halo").outcome == "permanent"


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": "a" * 2001}, "text_too_long"),
        ({"text": "a", "buttons": ("x" * 21,)}, "buttons"),
        ({"text": "a", "buttons": ("x",) * 14}, "buttons"),
        ({"text": "a", "media_url": "https://x.example/a.jpg", "media_kind": "image"}, "caption"),
        ({"media_url": "https://x.example/a", "media_kind": "contact"}, "media_kind"),
        ({"template": "kabar_laporan"}, "template"),
        ({"to": "", "text": "a"}, "no_address"),
    ],
)
def test_what_the_channel_cannot_carry_is_our_bug(talk: Talk, what: dict[str, Any], reason: str) -> None:
    result = talk.send(**what)
    assert (result.outcome, result.error_code) == ("bug", reason)


def test_the_retired_tags_and_odd_shapes_are_refused_by_the_simulated_api(site: World, talk: Talk) -> None:
    def code(body: dict[str, Any], bearer: str = "bearer-token") -> int:
        frame = {"recipient": {"id": talk.psid}, "message": {"text": "Halo"}, **body}
        headers = {"Authorization": f"Bearer {bearer}"}
        answer = requests.post(f"{site.url}/graph/{PAGE}/messages", json=frame, headers=headers, timeout=5).json()
        return int(answer.get("error", {}).get("code", 0))

    assert code({}) == 0
    assert code({"messaging_type": "MESSAGE_TAG", "tag": "CONFIRMED_EVENT_UPDATE"}) == 100
    assert code({"messaging_type": "MESSAGE_TAG"}) == 100
    assert code({"message": {"text": "a" * 2001}}) == 100
    assert code({"message": {"text": "a", "attachment": {}}}) == 100
    assert code({"unknown": 1}) == 100
    assert code({}, bearer="wrong") == 190


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://cdn.fbsbx.com/a.jpg",
        "https://fbcdn.net/a.jpg",
        "https://evilfbcdn.net/a.jpg",
        "https://scontent.xx.fbcdn.net.evil.example/a.jpg",
        "https://cdn.fbsbx.com@evil.example/a.jpg",
        "https://cdn.fbsbx.com:8443/a.jpg",
        "https://169.254.169.254/computeMetadata/v1/",
        "https://graph.facebook.com.evil.example/1",
        "http://127.0.0.1:1/a.jpg",
        "file:///etc/passwd",
    ],
)
def test_a_file_is_fetched_from_meta_s_cdn_only(url: str) -> None:
    attachment = Attachment(kind="image", url=url)
    with pytest.raises(MediaGone), messenger.fetch_media(attachment, settings=SETTINGS):
        pytest.fail("it was fetched")


@pytest.mark.parametrize(
    ("host", "allowed"), [("scontent-sin6-1.xx.fbcdn.net", True), ("scontent.cdninstagram.com", True), ("x.net", False)]
)
def test_the_hosts_of_the_cdn_are_known_by_their_domain(
    monkeypatch: pytest.MonkeyPatch, host: str, *, allowed: bool
) -> None:
    for address, private in (("157.240.1.1", False), ("10.0.0.1", True)):
        answer = [(0, 0, 0, "", (address, 443))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, answer=answer, **__: answer)
        url = f"https://{host}/a.jpg?oe=69"
        if allowed and not private:
            http.allow(url, hosts=CDN_HOSTS, configured="https://graph.facebook.com")
            continue
        with pytest.raises(MediaGone):
            http.allow(url, hosts=CDN_HOSTS, configured="https://graph.facebook.com")


@pytest.fixture
def cdn() -> Iterator[str]:
    """A server that sends every file on to the address after its ``to=``, else gives it."""

    class Cdn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            to = unquote(self.path.partition("to=")[2])
            self.send_response(302 if to else 200)
            self.send_header("Location" if to else "Content-Length", to or "4")
            self.end_headers()
            self.wfile.write(b"" if to else b"isi.")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Cdn) as server, serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("/c.jpg?to=/d.jpg?to=/e.jpg?to=/f.jpg?to=/g.jpg", "too_many_redirects"),
        ("http://127.0.0.1:1/b.jpg", "address_not_allowed"),
        ("//169.254.169.254/computeMetadata/v1/", "address_not_allowed"),
        ("file:///etc/passwd", "address_not_allowed"),
        ("http://[", "address_not_allowed"),
    ],
)
def test_a_redirect_to_anywhere_else_is_not_followed(cdn: str, to: str, reason: str) -> None:
    settings = replace(SETTINGS, meta_graph_url=f"{cdn}/graph")
    attachment = Attachment(kind="image", url=f"{cdn}/a.jpg?to={to}")
    with pytest.raises(MediaGone, match=reason), messenger.fetch_media(attachment, settings=settings):
        pytest.fail("it was fetched")


@pytest.mark.parametrize("to", ["/b.jpg", "/c.jpg?to=/b.jpg"])
def test_a_redirect_within_the_cdn_is_followed(cdn: str, to: str) -> None:
    settings = replace(SETTINGS, meta_graph_url=f"{cdn}/graph")
    attachment = Attachment(kind="image", url=f"{cdn}/a.jpg?to={to}")
    with messenger.fetch_media(attachment, settings=settings) as media:
        assert b"".join(media.chunks) == b"isi."


def test_a_link_that_has_died_is_given_up_and_a_failing_cdn_is_tried_again(site: World, talk: Talk) -> None:
    talk.rudi.photo(PHOTO)
    (message,) = site.wait(messenger, lambda one: bool(one.attachments))
    site.fail(place="download", mode="status", status=503)
    with pytest.raises(Unavailable), messenger.fetch_media(message.attachments[0], settings=site.settings):
        pytest.fail("it was fetched")
    site.advance(30 * DAY)
    with pytest.raises(MediaGone), messenger.fetch_media(message.attachments[0], settings=site.settings):
        pytest.fail("it was fetched")
