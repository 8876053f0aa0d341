"""The page of a citizen to ring up: the list on the start page, the sheet, the number, the outcome, the decision."""

import pytest

from besadu.domain.complaint import State
from besadu.services import answers, arrival
from tests.pages.browser import Sits, read
from tests.services.console_case import PHONE, Cast


@pytest.fixture
def ticket(cast: Cast) -> str:
    """A complaint whose answer no message has brought to its citizen."""
    found = cast.answered()
    after = answers.deliver(cast.office, cast.actor("admin"), found, text="Lampunya sudah diganti.")
    stored = cast.office.store.outbox.read(after.delivered_by)
    assert stored
    commit = cast.office.store.commit()
    cast.office.store.outreach.stage(commit, arrival.a_call(cast.office, after, stored.value), None)
    commit.run()
    return found


def task_of(cast: Cast, ticket: str) -> str:
    waiting = [*cast.office.store.outreach.waiting("calling"), *cast.office.store.outreach.waiting("deciding")]
    return next(task.id for task in waiting if task.ticket == ticket)


def test_the_list_leads_to_the_sheet_and_the_number_is_shown_once_asked_for(
    cast: Cast, sits: Sits, ticket: str
) -> None:
    admin, here = sits("admin"), f"/hubungi/{task_of(cast, ticket)}"
    start = read(admin.get("/"))
    assert start.select_one(f"#telepon a[href='/console{here}']")
    page = admin.get(here)
    assert "Lampunya sudah diganti." in page.text
    assert PHONE not in page.text
    assert f"tel:+{PHONE}" in admin.post(f"{here}/nomor").text
    assert cast.stored(ticket).history[-1].action == "show_number"
    assert PHONE not in admin.get(here).text


def test_who_is_reached_has_the_answer(cast: Cast, sits: Sits, ticket: str) -> None:
    admin, here = sits("admin"), f"/hubungi/{task_of(cast, ticket)}"
    refused = admin.post(f"{here}/hasil", outcome="reached", verdict="belum", note="", calls="0")
    assert refused.status_code == 422
    assert "Tulis apa yang belum sesuai" in refused.text
    assert admin.post(f"{here}/hasil", outcome="reached", calls="0").status_code == 303
    assert cast.stored(ticket).state == State.DELIVERED
    late = admin.post(f"{here}/hasil", outcome="no_answer", calls="0", note="Tidak ada nada.")
    assert late.status_code == 409
    assert "Sementara itu" in late.text


def test_after_calls_in_vain_the_manager_decides(cast: Cast, sits: Sits, ticket: str) -> None:
    admin, manager, here = sits("admin"), sits("manager"), f"/hubungi/{task_of(cast, ticket)}"
    assert admin.post(f"{here}/hasil", outcome="wrong_number", calls="0").status_code == 303
    assert "Menunggu keputusan" in admin.get(here).text
    assert admin.post(f"{here}/putusan", choice="close", reason="x").status_code == 403
    assert read(manager.get("/")).select_one(f"#tidak-terhubung a[href='/console{here}']")
    assert "Nomor pelapor" not in manager.get(here).text
    kept = manager.post(f"{here}/putusan", choice="close", reason=" ")
    assert kept.status_code == 422
    assert read(kept).select_one("input[value=close][checked]")
    assert manager.post(f"{here}/putusan", choice="close", reason="Tidak terhubung.").status_code == 303
    assert cast.stored(ticket).state == State.CLOSED_SILENTLY
