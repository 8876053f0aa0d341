import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import av
import pytest
from flask import Flask
from PIL import Image

from besadu.domain.complaint import Place
from besadu.domain.evidence import Rendition, incoming_name
from besadu.domain.filetype import ENDINGS
from besadu.pages.files import MOST_AT_ONCE, Part
from besadu.pages.viewing import LIFE, PLAYED_LIFE, Viewer
from besadu.services import evidence
from tests.pages.browser import Browser, Sits, read
from tests.samples import letter, photo, recording
from tests.services.console_case import Cast

BODY = b"<script>alert(1)</script>" * 40


def brought(cast: Cast, ticket: str, body: bytes, **changes: Any) -> str:
    """A file that went the whole way; its id."""
    evidence_id = cast.evidence(ticket, body, "", state="pending", object_name="", uploaded=True, size=0, **changes)
    cast.media.store(incoming_name(evidence_id), iter([body]), limit=len(body))
    evidence.fetch(cast.office, cast.media, evidence_id)
    return evidence_id


def with_files(cast: Cast, *ids: str, **changes: Any) -> str:
    """A complaint whose talk names these files."""
    line = cast.stored(cast.complaint()).talk[0]
    return cast.complaint(talk=(replace(line, evidence=ids),), **changes)


def lead(browser: Browser, path: str) -> str:
    """Where a lasting address leads."""
    answer = browser.get(path)
    assert answer.status_code == 302, answer.status_code
    return answer.headers["Location"].removeprefix("/console")


@pytest.mark.parametrize("mime", [*ENDINGS, "", "text/html", "image/svg+xml"])
def test_whatever_a_file_is_its_answer_can_be_no_page(cast: Cast, app: Flask, mime: str) -> None:
    name = f"evidence/{cast.evidence('t', BODY, mime)}"
    viewer = Viewer(cast.office, cast.media, key="k" * 40, who=lambda: "a@office.example", base=lambda: "")
    for inline in (True, False):
        address = viewer.address(Part(object_name=name, mime=mime, size=len(BODY), inline=inline))
        with app.test_request_context() as context:
            answer = viewer.serve(address.removeprefix("/lihat/"), context.request)
            known = mime in ENDINGS
            assert answer.data == BODY
            assert answer.headers["Content-Type"] == (mime if known else "application/octet-stream")
            assert answer.headers["Content-Disposition"].startswith("inline;" if inline and known else "attachment;")
            assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Cache-Control"] == "no-store"


def test_an_address_shows_one_object_to_one_person_for_a_short_while(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    admin = sits("admin")
    word = next(mime for mime, ending in ENDINGS.items() if ending == "docx")
    copy = (Rendition(name="save", mime=word, size=len(BODY)),)
    file = cast.evidence(ticket, b"as it came", word, renditions=copy)
    cast.media.store(f"evidence/{file}.save", iter([BODY]), limit=len(BODY), mime=word)
    path = lead(admin, f"/laporan/{ticket}/bukti/{file}")
    assert admin.get(path).data == BODY
    assert sits("leader").get(path).status_code == 410
    assert sits("").get(path).status_code == 303
    for tampered in (
        path[:-1],
        # Not the last letter: two of its six bits are no part of the signature.
        path[:-2] + ("A" if path[-2] != "A" else "B") + path[-1],
        path[:30] + ("A" if path[30] != "A" else "B") + path[31:],
        "/lihat/x",
        "/lihat/W10.x",
    ):
        assert admin.get(tampered).status_code == 410
    cast.hands.advance(seconds=LIFE.total_seconds() - 1)
    assert admin.get(path).status_code == 200
    cast.hands.advance(seconds=1)
    assert admin.get(path).status_code == 410


def test_a_film_is_shown_without_the_place_where_it_was_made(cast: Cast, sits: Sits) -> None:
    tells = {"artist": "Siti", "location": "-2.7417+107.6333/"}
    body = recording("aac", "mov", 44_100, film="libx264", tells=tells)
    file = brought(cast, "", body)
    ticket, admin = with_files(cast, file), sits("admin")
    page = read(admin.get(f"/laporan/{ticket}"))
    film, link = page.select_one("#bukti video"), page.select_one("#bukti .about a")
    assert film
    assert link
    played = admin.get(str(film["src"]).removeprefix("/console")).data
    for address in (film["src"], link["href"]):
        shown = admin.get(str(address).removeprefix("/console")).data
        assert len(shown) == len(body)
        assert not any(trace in shown for trace in (b"Siti", b"2.7417", b"udta"))
    with av.open(io.BytesIO(played)) as found:
        assert len(list(found.decode(video=0))) == 30
    # Any part of it, too, wherever the player begins.
    at = body.index(b"Siti") - 3
    part = admin.get(str(film["src"]).removeprefix("/console"), headers={"Range": f"bytes={at}-{at + 20}"}).data
    assert part == played[at : at + 21]
    original = admin.post(f"/laporan/{ticket}/bukti/{file}/asli").headers["Location"].removeprefix("/console")
    assert admin.get(original).data == body


def test_what_is_long_comes_in_parts_that_a_function_may_answer_with(
    cast: Cast, sits: Sits, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = bytes(MOST_AT_ONCE + 10)
    ticket, admin = cast.complaint(), sits("admin")
    path = lead(admin, f"/laporan/{ticket}/bukti/{cast.evidence(ticket, body, 'video/mp4')}")
    first = admin.get(path, headers={"Range": "bytes=0-"})
    assert (first.status_code, len(first.data)) == (206, MOST_AT_ONCE)
    assert first.headers["Content-Range"] == f"bytes 0-{MOST_AT_ONCE - 1}/{len(body)}"
    rest = admin.get(path, headers={"Range": f"bytes={MOST_AT_ONCE}-"})
    assert (rest.headers["Content-Range"], len(rest.data)) == (f"bytes {MOST_AT_ONCE}-{len(body) - 1}/{len(body)}", 10)
    assert admin.get(path).headers["Content-Length"] == str(len(body))
    monkeypatch.setattr("besadu.pages.files.MOST_WITH_LENGTH", MOST_AT_ONCE)
    whole = admin.get(path)
    assert len(whole.data) == len(body)
    assert "Content-Length" not in whole.headers


def test_a_letter_is_read_on_the_page_and_only_an_admin_gets_it_as_it_came(cast: Cast, sits: Sits) -> None:
    good, locked = letter(2), b"%PDF-1.7\nfor nobody"
    ids = brought(cast, "", good), brought(cast, "", locked)
    ticket, admin = with_files(cast, *ids), sits("admin")
    tiles = read(admin.get(f"/laporan/{ticket}")).select("#bukti li")
    assert "2 halaman" in tiles[0].text
    (view,), (copy,) = tiles[0].select("a:has(img)"), tiles[0].select(".about > a")
    assert admin.get(str(view["href"]).removeprefix("/console")).content_type == "image/jpeg"
    assert (
        admin.get(str(copy["href"]).removeprefix("/console")).headers["Content-Disposition"].startswith("attachment;")
    )
    assert "hanya admin" in tiles[1].text
    assert tiles[1].select(".about > a") == []
    for file, body in zip(ids, (good, locked), strict=True):
        original = admin.post(f"/laporan/{ticket}/bukti/{file}/asli").headers["Location"].removeprefix("/console")
        assert admin.get(original).data == body
    assert sits("leader").get(f"/laporan/{ticket}/bukti/{ids[1]}").status_code == 404


def test_a_player_gets_the_part_it_asks_for_and_may_play_on(cast: Cast, sits: Sits) -> None:
    ticket, admin = cast.complaint(), sits("admin")
    path = lead(admin, f"/laporan/{ticket}/bukti/{cast.evidence(ticket, BODY, 'video/mp4')}")
    cast.hands.advance(minutes=20)
    assert LIFE < timedelta(minutes=20) < PLAYED_LIFE
    part = admin.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, BODY[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(BODY)}"
    assert admin.get(path, headers={"Range": "bytes=99999-"}).status_code == 416
    assert admin.get(path, headers={"Range": "bytes=0-"}).headers["Accept-Ranges"] == "bytes"


def test_photos_are_listed_small_and_opened_re_encoded(cast: Cast, sits: Sits) -> None:
    ticket = with_files(cast, brought(cast, "", photo(1, size=(1600, 1200), exif=True)))
    admin = sits("admin")
    page = read(admin.get(f"/laporan/{ticket}"))
    image = page.select_one("#bukti img")
    link = page.select_one("#bukti a:has(img)")
    assert image
    assert link
    assert (image["loading"], image["width"], image["height"]) == ("lazy", "240", "320")
    for address, size in ((str(image["src"]), (240, 320)), (str(link["href"]), (1200, 1600))):
        body = admin.get(address.removeprefix("/console")).data
        assert Image.open(io.BytesIO(body)).size == size
        assert b"Siti" not in body


def test_only_an_admin_opens_an_original_and_that_is_on_the_history(cast: Cast, sits: Sits) -> None:
    body = photo(1, exif=True)
    file = brought(cast, "", body)
    ticket = with_files(cast, file)
    for role in ("leader", "auditor", "manager", "officer"):
        assert "asli" not in sits(role).get(f"/laporan/{ticket}").text
        assert sits(role).post(f"/laporan/{ticket}/bukti/{file}/asli").status_code == 403
    before = len(cast.stored(ticket).history)
    admin = sits("admin")
    assert f"bukti/{file}/asli" in admin.get(f"/laporan/{ticket}").text
    answer = admin.post(f"/laporan/{ticket}/bukti/{file}/asli")
    assert answer.status_code == 303
    opened = admin.get(answer.headers["Location"].removeprefix("/console"))
    assert opened.data == body
    assert opened.headers["Content-Disposition"].startswith("attachment;")
    history = cast.stored(ticket).history
    assert [entry.action for entry in history[before:]] == ["open_original"]
    assert "Berkas asli dibuka" in admin.get(f"/laporan/{ticket}").text


def test_what_is_in_quarantine_is_saved_as_bytes_by_an_admin_and_never_shown(cast: Cast, sits: Sits) -> None:
    file = brought(cast, "", b"<html><script>alert(1)</script>")
    ticket = with_files(cast, file)
    admin = sits("admin")
    page = admin.get(f"/laporan/{ticket}").text
    assert "dikarantina" in page
    assert "halaman web" in page
    assert admin.get(f"/laporan/{ticket}/bukti/{file}").status_code == 404
    answer = admin.post(f"/laporan/{ticket}/bukti/{file}/asli")
    opened = admin.get(answer.headers["Location"].removeprefix("/console"))
    assert opened.headers["Content-Type"] == "application/octet-stream"
    assert re.fullmatch(r'attachment; filename="bukti-\w+\.bin"', opened.headers["Content-Disposition"])


def test_a_photo_that_was_used_before_is_flagged_with_where(cast: Cast, sits: Sits) -> None:
    sender = "f" * 64
    first = brought(cast, "", photo(5), sender_key=sender)
    reporter = cast.stored(cast.complaint()).reporter
    earlier = with_files(cast, first, reporter=replace(reporter, sender_key=sender))
    later = with_files(cast, brought(cast, "", photo(5, size=(640, 480), quality=50)))
    page = sits("admin").get(f"/laporan/{later}").text
    assert re.search(rf"Foto yang sama pernah dipakai di\s+<a href=\"/console/laporan/{earlier}\"", page)
    assert "pernah dipakai" not in sits("admin").get(f"/laporan/{earlier}").text


def test_where_and_when_a_photo_was_taken_stands_beside_it(cast: Cast, sits: Sits) -> None:
    file = brought(cast, "", photo(6, exif=True))
    ticket = with_files(cast, file, place=Place(text="Perawas", latitude=-2.75, longitude=107.70))
    text = " ".join(read(sits("admin").get(f"/laporan/{ticket}")).text.split())
    assert "Foto diambil Sabtu, 28 Februari 2026" in text
    assert "Diambil 7,5 km dari lokasi laporan menurut kamera." in text


def test_a_file_that_is_still_looked_at_says_so_and_comes_by_itself(cast: Cast, sits: Sits) -> None:
    body = photo(3)
    file = cast.evidence("", body, "", state="pending", object_name="", uploaded=True, size=0)
    cast.media.store(incoming_name(file), iter([body]), limit=len(body))
    admin, path = sits("admin"), f"/laporan/{with_files(cast, file)}/bukti/{file}"
    waiting = admin.get(path)
    assert (waiting.status_code, waiting.headers["Refresh"]) == (200, "3")
    assert "sedang diperiksa" in waiting.text
    evidence.fetch(cast.office, cast.media, file)
    assert admin.get(path).status_code == 302


def test_before_and_after_stand_side_by_side(cast: Cast, sits: Sits) -> None:
    view = (Rendition(name="view", mime="image/jpeg", size=9, width=9, height=9),)
    before = cast.evidence("", BODY, "image/jpeg", renditions=view)
    ticket = cast.answered()
    complaint = cast.stored(ticket)
    assert complaint.answer
    after = cast.evidence(ticket, BODY, "image/jpeg", origin="agency", renditions=view)
    line = replace(complaint.talk[0], evidence=(before,))
    again = cast.complaint(state=complaint.state, talk=(line,), answer=replace(complaint.answer, evidence=(after,)))
    page = read(sits("admin").get(f"/laporan/{again}"))
    assert [caption.text for caption in page.select(".before-after figcaption")] == [
        "Sebelum, dari pelapor",
        "Sesudah, dari OPD",
    ]
    assert len(page.select(".before-after img")) == 2
    # The agency's own photo of the place before its work stands on that side.
    earlier = cast.evidence(ticket, BODY, "image/jpeg", origin="agency", renditions=view)
    own = replace(complaint.answer, evidence=(earlier, after), before=(earlier,))
    page = read(sits("admin").get(f"/laporan/{cast.complaint(state=complaint.state, talk=(line,), answer=own)}"))
    sides = [[str(image["alt"]) for image in figure.select("img")] for figure in page.select(".before-after figure")]
    assert sides == [["Sebelum, foto 1", "Sebelum, foto 2"], ["Sesudah, foto 1"]]
    assert [caption.text for caption in page.select(".before-after figcaption")] == ["Sebelum", "Sesudah, dari OPD"]


def test_a_file_that_no_scanner_saw_is_not_shown_to_an_agency(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    file = cast.evidence(ticket, BODY, "audio/ogg", scan="pending")
    assert sits("officer").get(f"/laporan/{ticket}/bukti/{file}").status_code == 404
    assert sits("admin").get(f"/laporan/{ticket}/bukti/{file}").status_code == 302
