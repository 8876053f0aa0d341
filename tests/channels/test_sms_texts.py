"""What BESADU says by SMS fits one SMS, and says the same as on the other channels."""

import re

import pytest

from besadu import texts
from besadu.channels import gsm
from besadu.domain.complaint import State

SAY, SMS = texts._table("say"), texts._table("sms")
LONGER = {"upload_link": 2}  # SMS that they take: the link alone is longer than one
PIECES = re.compile(r"(?:slot|files|news|status_detail)_.*|summary_outside")  # stand inside another text
SAMPLES = {
    "advice": "Laporkan ke PLN",
    "agency": "Dinas Perhubungan",
    "answer": "Lampu PJU Jl Sriwijaya sudah diganti 9 Mar.",
    "body": "PLN ULP Tanjungpandan",
    "cause": "batas waktu jawaban diubah",
    "contact": "PLN 123",
    "count": "14",
    "day": "20 Mar 2026",
    "days": "10",
    "detail": "Ditangani Dinas Perhubungan, paling lambat 12 Mar 2026.",
    "due": "12 Mar 2026",
    "expires": "12 Mar 2026",
    "files": "tidak ada",
    "hour": "08.00",
    "hours": "08.00-16.00",
    "into": "BSD-26-1111-2222",
    "label": "dibuka kembali",
    "link": "https://besadu.belitung.go.id/attachments/kirim/" + "x" * 120,
    "missing": "lokasi kejadian, waktu kejadian, NIK",
    "nik": "0001",
    "opens": "Senin, 9 Mar",
    "outside": "",
    "place": "Desa Perawas depan masjid",
    "promised": "12 Mar 2026",
    "question": "Lampu yang mana?",
    "reason": "bukan layanan publik",
    "started": "12 Feb 2026",
    "story": "Lampu jalan mati",
    "text": "Petugas datang besok.",
    "ticket": "BSD-26-4839-2057",
    "until": "14 Mar 2026",
    "verify_by": "12 Mar 2026",
    "when": "sejak Senin",
}


@pytest.mark.parametrize("key", sorted(SMS))
def test_a_text_fits_one_sms_in_plain_letters(key: str) -> None:
    filled = texts._filled(key, SMS, SAMPLES)
    assert gsm.plain(filled) == filled
    assert gsm.size(filled).alphabet == "gsm7"
    assert gsm.size(filled).segments == LONGER.get(key, 1), gsm.size(filled)
    assert filled.startswith("BESADU") or PIECES.fullmatch(key)


@pytest.mark.parametrize("key", sorted(SMS))
def test_a_text_needs_no_value_that_the_long_one_lacks(key: str) -> None:
    assert texts.placeholders(SMS[key]) <= texts.placeholders(SAY[key])


@pytest.mark.parametrize("key", sorted(SAY.keys() - SMS.keys()))
def test_what_has_no_short_form_fits_as_it_is(key: str) -> None:
    assert gsm.size(gsm.plain(texts.say(key, **SAMPLES))).segments == 1
    assert not re.search(r"foto|video|stiker|pesan suara|\(pin\)", SAY[key])


@pytest.mark.parametrize("state", State)
def test_the_status_of_a_complaint_fits_one_sms_with_its_detail(state: State) -> None:
    for key in [*(key for key in SMS if key.startswith("status_detail_")), ""]:
        detail = texts._filled(key, SMS, SAMPLES) if key else ""
        filled = texts._filled("status", SMS, {**SAMPLES, "label": texts.label(state), "detail": detail})
        assert gsm.size(filled).segments == 1, (state, key, len(filled))
