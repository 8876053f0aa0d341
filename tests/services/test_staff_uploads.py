"""Files of agencies and of the office: there before their form, of any size, and of one complaint only."""

import io
import secrets
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from besadu.domain.evidence import Evidence
from besadu.errors import Invalid, Refused
from besadu.services import arrivals, evidence, staff_uploads
from besadu_local.stack import Stack
from tests.services.desk_case import JPEG, Case, a_case


@pytest.fixture
def case(stack: Stack) -> Case:
    return a_case(stack)


def page_token(case: Case, agency: str = "") -> str:
    return urlsplit(staff_uploads.address(case.office, case.ticket, agency)).path.rpartition("/")[2]


def sent(case: Case, token: str, body: bytes) -> str:
    """As a browser does it; the upload's id."""
    begun = staff_uploads.begin(case.office, case.media, token, size=len(body), mime="image/jpeg")
    place = requests.post(begun.address.url, headers=begun.address.headers, timeout=10).headers["Location"]
    assert requests.put(place, body, timeout=10).status_code == 200
    return begun.id


def finished(case: Case, token: str, upload_id: str, filename: str = "a.jpg") -> str:
    return staff_uploads.finish(case.office, case.media, token, upload_id=upload_id, filename=filename)


def read(case: Case, evidence_id: str) -> Evidence:
    stored = case.office.store.evidence.read(evidence_id)
    assert stored
    return stored.value


def in_a_form(case: Case, body: bytes, filename: str = "foto.jpg") -> str:
    return staff_uploads.keep(
        case.office,
        case.media,
        ticket=case.ticket,
        agency=case.agency.code,
        stream=io.BytesIO(body),
        filename=filename,
    )


@pytest.mark.parametrize("origin", ["agency", "office"])
def test_what_a_browser_sent_is_a_file_of_the_complaint_and_looked_at_like_any_other(case: Case, origin: Any) -> None:
    token = page_token(case, case.agency.code if origin == "agency" else "")
    kept = finished(case, token, sent(case, token, JPEG), "../foto \n 1902014502850001.jpg")
    item = read(case, kept)
    assert (item.ticket, item.origin, item.state, item.uploaded) == (case.ticket, origin, "pending", True)
    assert "1902014502850001" not in item.attachment.filename
    assert evidence.fetch(case.office, case.media, kept) == "stored"
    assert b"".join(case.media.open(read(case, kept).object_name)) == JPEG


def test_finishing_twice_is_one_file_also_from_a_page_that_was_loaded_again(case: Case) -> None:
    token = page_token(case)
    upload_id = sent(case, token, JPEG)
    case.hands.advance(hours=11)
    assert finished(case, token, upload_id) == finished(case, page_token(case), upload_id)


def test_a_form_names_files_of_its_own_complaint_and_kind_only(case: Case, stack: Stack) -> None:
    other = a_case(stack, beside=case)
    ours, theirs, offices = page_token(case, case.agency.code), page_token(other, other.agency.code), page_token(case)
    kept = tuple(
        finished(one, token, sent(one, token, JPEG)) for one, token in ((case, ours), (other, theirs), (case, offices))
    )
    assert staff_uploads.own(case.office, case.ticket, "agency", (*kept, "unknown")) == (kept[0],)
    assert staff_uploads.own(case.office, case.ticket, "office", kept) == (kept[2],)


def test_what_is_no_evidence_is_said_at_once_and_not_kept(case: Case) -> None:
    token = page_token(case)
    upload_id = sent(case, token, b"<html><script>alert(1)</script>")
    for _ in range(2):
        with pytest.raises(Invalid, match=r"surat\.html: jenis berkas tidak dapat diterima"):
            finished(case, token, upload_id, "surat.html")
    assert case.office.store.evidence.count(case.ticket) == 0


@pytest.mark.parametrize("wrong", ["", "x", "../../evidence/x", "y" * 30])
def test_what_has_not_arrived_is_not_taken_in(case: Case, wrong: str) -> None:
    with pytest.raises(Invalid, match="belum sampai"):
        finished(case, page_token(case), wrong or secrets.token_urlsafe(18))


@pytest.mark.parametrize(("size", "said"), [(0, "kosong"), (arrivals.MOST_BYTES + 1, "200 MB")])
def test_a_file_of_a_wrong_size_is_not_begun(case: Case, size: int, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        staff_uploads.begin(case.office, case.media, page_token(case), size=size, mime="video/mp4")


def test_a_page_that_is_too_old_or_altered_uploads_nothing(case: Case) -> None:
    token = page_token(case)
    case.hands.advance(seconds=staff_uploads.PAGE_LIFE.total_seconds())
    for wrong in (token, page_token(case)[:-2] + "xx", case.token(), ""):
        with pytest.raises(Refused, match="muat ulang"):
            staff_uploads.begin(case.office, case.media, wrong, size=1, mime="image/jpeg")


def test_a_link_that_leaked_fills_no_bucket(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_uploads, "MOST_OF_A_COMPLAINT", 1)
    token = page_token(case)
    finished(case, token, sent(case, token, JPEG))
    with pytest.raises(Invalid, match="banyak sekali"):
        staff_uploads.begin(case.office, case.media, token, size=1, mime="image/jpeg")


def test_the_same_file_twice_in_a_form_is_one(case: Case) -> None:
    ids = {in_a_form(case, JPEG, "../foto \n jalan.jpg") for _ in range(2)}
    kept = ids.pop()
    assert not ids
    assert evidence.fetch(case.office, case.media, kept) == "stored"
    assert (read(case, kept).origin, read(case, kept).size) == ("agency", len(JPEG))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<svg/>", "jenis berkas"),
        (b"<html>", "jenis berkas"),
        (b"", "jenis berkas"),
        (JPEG + bytes(30_000_000), "30 MB"),
    ],
)
def test_a_wrong_file_in_a_form_is_refused_in_words(case: Case, body: bytes, why: str) -> None:
    with pytest.raises(Invalid, match=f"foto.jpg: .*{why}"):
        in_a_form(case, body)
