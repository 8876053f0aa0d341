"""Evidence that somebody brought to the office: chosen in the console, seen by the agency, named in the history."""

import io
from typing import Any

import pytest

from besadu.domain.evidence import Evidence
from besadu.pages.files import MOST_FILES
from besadu.services import evidence, staff_uploads
from tests.pages.browser import Browser, Sits, read
from tests.samples import photo
from tests.services.console_case import Cast

WORDS = "Dibawa pelapor ke loket."


def in_a_form(body: bytes, name: str = "foto.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(body), name


def uploaded(cast: Cast, ticket: str, body: bytes, agency: str = "") -> str:
    return staff_uploads.keep(
        cast.office, cast.media, ticket=ticket, agency=agency, stream=io.BytesIO(body), filename="a.jpg"
    )


def added(cast: Cast, ticket: str) -> list[Evidence]:
    talk = cast.office.store.complaints.talk(cast.stored(ticket))
    return cast.office.store.evidence.read_all(one for line in talk for one in line.evidence)


def add(browser: Browser, ticket: str, **fields: Any) -> Any:
    return browser.post(f"/laporan/{ticket}/add_evidence", **fields)


def test_what_an_admin_adds_is_seen_by_the_office_and_by_the_agency(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    kept = uploaded(cast, ticket, photo(1))
    before = len(cast.stored(ticket).history)
    assert add(sits("admin"), ticket, text=WORDS, kept=[kept], files=[in_a_form(photo(2))]).status_code == 303
    files = added(cast, ticket)
    assert [(item.origin, item.ticket) for item in files] == [("office", ticket)] * 2
    for item in files:
        assert evidence.fetch(cast.office, cast.media, item.id) == "stored"
    page = read(sits("admin").get(f"/laporan/{ticket}?kabar=add_evidence"))
    assert "Bukti ditambahkan" in page.text
    assert len(page.select("#bukti img")) == 2
    assert "Foto 1 dari admin" in page.text
    assert len(read(sits("officer").get(f"/laporan/{ticket}")).select(".files img")) == 2
    (entry,) = cast.stored(ticket).history[before:]
    assert (entry.action, entry.role, entry.note) == ("add_evidence", "admin", WORDS)


def test_the_form_sent_twice_adds_once(cast: Cast, sits: Sits) -> None:
    ticket, admin = cast.complaint(), sits("admin")
    kept = uploaded(cast, ticket, photo(1))
    for _ in range(2):
        assert add(admin, ticket, text=WORDS, kept=[kept]).status_code == 303
    assert len(added(cast, ticket)) == 1
    assert [entry.action for entry in cast.stored(ticket).history].count("add_evidence") == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "<b>dari loket</b>", "files": [in_a_form(b"<svg/>", "x.svg")]}, "x.svg: jenis berkas tidak dapat"),
        ({"text": "<b>dari loket</b>"}, "Pilih berkasnya dahulu"),
        ({"text": " "}, "belum diisi"),
    ],
)
def test_what_cannot_be_taken_comes_back_as_it_was_typed(
    cast: Cast, sits: Sits, fields: dict[str, Any], said: str
) -> None:
    ticket = cast.complaint()
    kept = [uploaded(cast, ticket, photo(1))] if said.startswith(("x.svg", "belum")) else []
    answer = add(sits("admin"), ticket, kept=kept, **fields)
    page = read(answer)
    assert answer.status_code == 422
    assert said in page.text
    field = page.select_one("#add_evidence-text")
    assert field
    assert field.text == fields["text"]
    assert [str(box["value"]) for box in page.select("input[name=kept]")] == kept
    assert added(cast, ticket) == []


def test_too_many_files_are_refused_however_they_came(cast: Cast, sits: Sits) -> None:
    ticket, admin = cast.complaint(), sits("admin")
    body = b"\xff\xd8\xff\xe0"
    kept = [uploaded(cast, ticket, body + bytes([at])) for at in range(MOST_FILES)]
    more = uploaded(cast, ticket, body + b"more")
    for answer in (
        add(admin, ticket, text=WORDS, kept=[*kept, more]),
        add(admin, ticket, text=WORDS, kept=kept, files=[in_a_form(body + b"one more")]),
    ):
        assert (answer.status_code, f"Paling banyak {MOST_FILES} berkas" in answer.text) == (422, True)
    assert added(cast, ticket) == []


def test_only_an_admin_adds_and_only_files_that_were_uploaded_for_it(cast: Cast, sits: Sits) -> None:
    ticket, other = cast.forwarded(), cast.complaint()
    agencys, others = uploaded(cast, ticket, photo(1), "DISHUB"), uploaded(cast, other, photo(2))
    assert add(sits("admin"), ticket, text=WORDS, kept=[agencys, others, "x"]).status_code == 422
    for role in ("leader", "auditor", "manager", "officer"):
        assert add(sits(role), ticket, text=WORDS, kept=[uploaded(cast, ticket, photo(3))]).status_code == 403
    assert add(sits("admin"), "BSD-26-1111-1111", text=WORDS).status_code == 404


def test_a_closed_complaint_takes_no_more(cast: Cast, sits: Sits) -> None:
    ticket, admin = cast.complaint(), sits("admin")
    assert admin.post(f"/laporan/{ticket}/reject", reason="Bukan pelayanan publik.", advice="").status_code == 303
    assert "add_evidence" not in admin.get(f"/laporan/{ticket}").text
    answer = add(admin, ticket, text=WORDS, files=[in_a_form(photo(1))])
    assert answer.status_code in (409, 422)
    assert added(cast, ticket) == []
