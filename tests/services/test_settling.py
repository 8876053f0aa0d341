import io
import secrets
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from besadu import papers, rendering
from besadu.domain.evidence import Evidence, incoming_name, object_name, rendition_name
from besadu.domain.message import Attachment
from besadu.media import Media
from besadu.services import evidence
from besadu.services.office import Office
from besadu.services.settling import MOST_RENDERINGS
from besadu.store.client import PATIENT_TIMEOUT
from besadu_local.stack import Stack
from tests.samples import WORD_PARTS, document, letter, photo, recording, saved, scene
from tests.services.desk_case import Hands, office_at


class Desk:
    """Files that were uploaded, each settled by one attempt."""

    def __init__(self, stack: Stack) -> None:
        self.hands = Hands()
        self.office: Office = office_at(stack, "attachments", self.hands.now)
        self.media = Media(self.office.settings)

    def settled(self, body: bytes, **changes: Any) -> Evidence:
        now = self.hands.now()
        item = Evidence(
            id=secrets.token_hex(12),
            ticket="",
            sender_key=secrets.token_hex(4),
            attachment=Attachment(kind="image"),
            created_at=now,
            uploaded=True,
            due=now,
        )
        item = replace(item, **changes)
        self.media.store(incoming_name(item.id), iter([body]), limit=len(body))
        commit = self.office.store.commit()
        self.office.store.evidence.stage(commit, item)
        commit.run(timeout=PATIENT_TIMEOUT)
        evidence.fetch(self.office, self.media, item.id)
        stored = self.office.store.evidence.read(item.id)
        assert stored
        return stored.value

    def part(self, item: Evidence, name: Any) -> bytes:
        described = item.rendition(name)
        assert described
        body = b"".join(self.media.open(rendition_name(item.object_name, name)))
        assert len(body) == described.size
        return body


@pytest.fixture
def desk(stack: Stack) -> Desk:
    return Desk(stack)


def test_a_photo_is_shown_upright_small_and_without_what_the_phone_wrote_beside_it(desk: Desk) -> None:
    item = desk.settled(photo(size=(1600, 1200), exif=True))
    assert (item.state, item.mime, item.width, item.height) == ("stored", "image/jpeg", 1600, 1200)
    for name, size in (("view", (1200, 1600)), ("thumb", (240, 320))):
        body = desk.part(item, name)
        picture = Image.open(io.BytesIO(body))
        assert picture.size == size
        assert dict(picture.getexif()) == {}
        assert b"Siti" not in body
    assert len(desk.part(item, "thumb")) < 25_000


def test_what_exif_says_is_kept_as_a_sign(desk: Desk) -> None:
    item = desk.settled(photo(exif=True))
    assert (item.taken_at, item.latitude, item.longitude) == ("2026-02-28T10:11:12", -2.741667, 107.633333)
    bare = desk.settled(photo())
    assert (bare.taken_at, bare.latitude) == ("", None)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_that_lets_light_through_lies_on_white(desk: Desk, kind: str) -> None:
    item = desk.settled(saved(Image.new("RGBA", (600, 400), (0, 0, 0, 0)), kind))
    view = Image.open(io.BytesIO(desk.part(item, "view")))
    assert view.getpixel((300, 200)) == (255, 255, 255)


def test_an_iphones_photo_is_kept_and_shown_in_a_form_that_every_browser_has(desk: Desk) -> None:
    item = desk.settled((Path(__file__).parents[1] / "payloads/media/iphone.heic").read_bytes())
    assert (item.state, item.mime, item.width, item.height) == ("stored", "image/heic", 320, 240)
    assert Image.open(io.BytesIO(desk.part(item, "view"))).size == (320, 240)


@pytest.mark.parametrize(
    ("codec", "container", "mime"),
    [("libopencore_amrnb", "amr", "audio/amr"), ("pcm_mulaw", "wav", "audio/wav")],
)
def test_sound_that_browsers_do_not_play_is_made_playable(desk: Desk, codec: str, container: str, mime: str) -> None:
    item = desk.settled(recording(codec, container, 8000), attachment=Attachment(kind="audio"))
    assert item.mime == mime
    with av.open(io.BytesIO(desk.part(item, "play"))) as played:
        assert played.streams.audio[0].codec_context.name == "aac"
        assert 1.8 < float(played.duration or 0) / av.time_base < 2.3


@pytest.mark.parametrize(
    ("codec", "container", "rate"),
    [("libopus", "ogg", 48_000), ("libmp3lame", "mp3", 44_100), ("pcm_s16le", "wav", 8000)],
)
def test_sound_that_browsers_play_stays_as_it_is(desk: Desk, codec: str, container: str, rate: int) -> None:
    item = desk.settled(recording(codec, container, rate), attachment=Attachment(kind="audio"))
    assert (item.state, item.renditions) == ("stored", ())


def test_a_film_gets_a_still_and_an_old_phones_film_is_made_playable(desk: Desk) -> None:
    item = desk.settled(recording("aac", "mp4", 44_100, film="libx264"))
    assert (item.mime, item.width, item.height, [part.name for part in item.renditions]) == (
        "video/mp4",
        352,
        288,
        ["thumb"],
    )
    old = desk.settled(recording("libopencore_amrnb", "3gp", 8000, film="h263"))
    assert old.mime == "video/3gpp"
    with av.open(io.BytesIO(desk.part(old, "play"))) as played:
        assert {stream.codec_context.name for stream in played.streams} == {"h264", "aac"}


def test_an_iphones_film_is_an_mp4_when_its_codecs_are(desk: Desk) -> None:
    assert desk.settled(recording("aac", "mov", 44_100, film="libx264")).mime == "video/mp4"


def test_a_letter_can_be_read_at_once_and_saved_without_what_its_program_wrote_beside_it(desk: Desk) -> None:
    author = "Siti Rahayu".encode("utf-16-be")
    body = letter(3, beside=b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")
    assert author in body
    item = desk.settled(body, attachment=Attachment(kind="document"))
    assert (item.state, item.mime, item.pages) == ("stored", "application/pdf", 3)
    view = Image.open(io.BytesIO(desk.part(item, "view")))
    assert (view.format, view.height) == ("JPEG", 3 * rendering.PAGE + 2 * 12)
    copy = desk.part(item, "save")
    assert copy.startswith(b"%PDF-")
    assert not any(trace in copy for trace in (b"JavaScript", b"OpenAction", b"Author", author))
    assert Image.open(io.BytesIO(desk.part(item, "thumb"))).height == rendering.THUMB


def test_a_long_document_is_copied_as_far_as_somebody_looks_at_pictures(desk: Desk) -> None:
    item = desk.settled(letter(rendering.MOST_PAGES + 1))
    assert item.pages == rendering.MOST_PAGES + 1
    assert desk.part(item, "save").count(b"/Type /Page\n") == rendering.MOST_PAGES


def test_a_word_file_is_saved_without_its_author_and_fetches_nothing(desk: Desk) -> None:
    item = desk.settled(document(), attachment=Attachment(kind="document"))
    assert (item.state, [part.name for part in item.renditions]) == ("stored", ["save"])
    with zipfile.ZipFile(io.BytesIO(desk.part(item, "save"))) as copy:
        parts = {name: copy.read(name) for name in copy.namelist()}
    assert next(iter(parts)) == "[Content_Types].xml"
    assert sorted(parts) == sorted((*WORD_PARTS, "word/media/image1.jpeg"))
    assert not any(trace in content for content in parts.values() for trace in (b"Siti", b'SR"', b"evil.example"))
    assert b"Jalan rusak" in parts["word/document.xml"]
    assert b"https://berita.example/" in parts["word/_rels/document.xml.rels"]
    assert b'Id="r4"' in parts["word/_rels/settings.xml.rels"]
    shown = Image.open(io.BytesIO(parts["word/media/image1.jpeg"]))
    shown.load()
    assert (shown.size, dict(shown.getexif())) == ((800, 600), {})


def test_an_excel_file_is_saved_without_who_wrote_in_it(desk: Desk) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": b"<workbook/>",
            "xl/comments1.xml": b"<comments><authors><author>Siti Rahayu</author></authors></comments>",
            "xl/persons/person.xml": b'<personList><person displayName="Siti Rahayu" userId="siti"/></personList>',
            "docProps/app.xml": b"<Properties><Company>Siti Rahayu</Company></Properties>",
        }.items():
            made.writestr(name, content)
    item = desk.settled(out.getvalue(), attachment=Attachment(kind="document"))
    with zipfile.ZipFile(io.BytesIO(desk.part(item, "save"))) as copy:
        assert len(copy.namelist()) == 5
        assert not any(b"Siti" in copy.read(name) or b"siti" in copy.read(name) for name in copy.namelist())


def test_a_small_archive_that_unpacks_to_a_gigabyte_is_kept_and_not_copied(desk: Desk) -> None:
    item = desk.settled(
        document(**{"word/big.xml": bytes(papers.MOST_UNPACKED)}), attachment=Attachment(kind="document")
    )
    assert (item.state, item.renditions) == ("stored", ())


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_where_a_film_was_made_is_known_by_its_place_in_the_file(desk: Desk, container: str) -> None:
    body = recording(
        "aac", container, 44_100, film="libx264", tells={"artist": "Siti", "location": "-2.7417+107.6333/"}
    )
    item = desk.settled(body)
    (span,) = item.beside
    assert body[span.start : span.start + 4] == b"udta"
    assert b"Siti" in body[span.start : span.end]


@pytest.mark.parametrize("body", [photo()[:4000], b"\xff\xd8\xff" + bytes(5000), saved(scene(), "PNG")[:9000]])
def test_a_broken_picture_is_kept_and_not_shown(desk: Desk, body: bytes) -> None:
    item = desk.settled(body)
    assert (item.state, item.renditions) == ("stored", ())


def test_a_file_that_killed_its_worker_again_and_again_is_kept_without_renditions(desk: Desk) -> None:
    evidence_id = secrets.token_hex(12)
    left = rendition_name(object_name(evidence_id), "thumb")  # by the attempt that died
    desk.media.store(left, iter([b"x"]), limit=1)
    item = desk.settled(photo(), id=evidence_id, attempts=MOST_RENDERINGS, state="fetching")
    assert (item.state, item.attempts, item.renditions) == ("stored", MOST_RENDERINGS + 1, ())
    assert desk.media.size(left) is None


def test_what_an_attempt_that_died_had_made_is_used(desk: Desk) -> None:
    evidence_id = secrets.token_hex(12)
    desk.media.store(rendition_name(object_name(evidence_id), "thumb"), iter([b"made before"]), limit=20)
    item = desk.settled(photo(), id=evidence_id)
    assert desk.part(item, "thumb") == b"made before"


def test_the_same_picture_is_recognised_scaled_and_compressed_anew(desk: Desk) -> None:
    first = desk.settled(photo(3))
    desk.hands.time += timedelta(days=30)
    assert first.twins == ()
    assert desk.settled(photo(3)).twins == (first.id,)
    again = desk.settled(photo(3, size=(400, 300), quality=40))
    assert first.id in again.twins
    assert desk.settled(photo(7)).twins == ()
    assert desk.settled(saved(Image.new("RGB", (800, 600), "grey"))).twins == ()


def test_the_same_recording_is_recognised(desk: Desk) -> None:
    body = recording("libopus", "ogg", 48_000, seconds=1)
    first = desk.settled(body, attachment=Attachment(kind="audio"))
    assert desk.settled(body, attachment=Attachment(kind="audio")).twins == (first.id,)
