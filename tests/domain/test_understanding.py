from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain import alarms, timewords, whereabouts
from besadu.domain.understanding import Understood, read

TICKET = "BSD-26-4839-2050"


@pytest.mark.parametrize(
    ("intent", "lines"),
    [
        (
            "status",
            (
                "STATUS|status?|setatus|cek status laporan saya pak|laporan saya bagaimana|Status dong min|"
                "cek laporan saya|apa kabar laporan saya?"
            ),
        ),
        ("yes", "YA|ya|Y|iya pak|Ya, benar|iyaaa|sudah benar|kirim"),
        ("no", "tidak|gak|salah|ndak"),
        ("change", "UBAH|mau ubah|rubah"),
        ("cancel", "BATAL|batal ya pak|gak jadi|tidak jadi lapor"),
        ("done", "SELESAI|selsai|Selesai ya pak|sudah|itu saja|cukup"),
        ("none", "TIDAK ADA|ga ada|gak ada pak|nggak ada|tdk ada|Tidak ada.|tidak punya bukti|ndak ade|belum ada foto"),
        ("person", "PETUGAS|petgas|bicara dengan petugas|mau bicara dengan admin"),
        ("help", "BANTUAN|help|menu|cara lapor|bagaimana cara lapor?"),
        ("report", "LAPOR|mau lapor|halo min mau lapor|saya ingin melapor|buat laporan baru"),
        ("satisfied", "PUAS|sudah puas|sangat puas|puas terima kasih|sudah sesuai"),
        ("dissatisfied", "BELUM|belum puas|tidak puas|belum sesuai|kecewa"),
        ("open", "BUKA|buka pesan"),
        ("history", "RIWAYAT|riwayat laporan"),
        ("data", "DATA SAYA|hapus data"),
        ("withdraw", "CABUT|cabut laporan saya"),
        (
            "greeting",
            (
                "halo|Assalamualaikum|assalamu'alaikum wr wb|selamat pagi|test|p|haloooo min|"
                "selamat siang mau tanya|ada orang?"
            ),
        ),
        ("thanks", "terima kasih|makasih banyak pak|🙏🙏|trims|ok siap pak terima kasih"),
        ("okay", "ok|oke siap|👍|nanti saya kirim ya pak|baik ditunggu"),
    ],
)
def test_commands_and_small_talk(intent: str, lines: str) -> None:
    for line in lines.split("|"):
        assert read(line).intent == intent, line


@pytest.mark.parametrize(
    "line",
    [
        "tidak ada lampu di jalan",
        "ya ampun jalan rusak",
        "status jalan ini milik siapa",
        "petugas puskesmas kasar",
        "cabut gigi di puskesmas mahal",
        "Assalamualaikum pak jalan rusak",
        "laporan saya kemarin belum dijawab",
        "selesai hujan jalan banjir",
        "puas tapi masih bocor",
        "5 hari lampu mati",
        "bantuan sosial tidak sampai",
        "data penerima bansos salah",
        "buka tutup jalan bikin macet",
        "ganti lampu jalan yang mati",
        "perbaiki jalan kami",
    ],
)
def test_a_story_that_begins_like_a_command_is_a_story(line: str) -> None:
    assert read(line).intent == ""


@pytest.mark.parametrize(
    ("line", "understood"),
    [
        (f"STATUS {TICKET}", Understood(intent="status", ticket=TICKET)),
        ("cek bsd 26 4839 2050 ya", Understood(intent="status", ticket=TICKET)),
        (TICKET, Understood(intent="status", ticket=TICKET)),
        ("STATUS BSD-26-4839-2051", Understood(intent="status", mistyped=True)),
        ("status 12345", Understood(intent="status", mistyped=True)),
        (f"CABUT {TICKET}", Understood(intent="withdraw", ticket=TICKET)),
        ("LAPOR: jalan rusak", Understood(intent="report", rest="jalan rusak")),
        ("lapor pak, sampah menumpuk", Understood(intent="report", rest="sampah menumpuk")),
        ("UBAH lokasi depan pasar", Understood(intent="change", rest="lokasi depan pasar")),
        ("belum, masih bocor", Understood(intent="dissatisfied", rest="masih bocor")),
        ("tidak puas karena masih mati", Understood(intent="dissatisfied", rest="masih mati")),
        ("belum ada perbaikan", Understood(intent="dissatisfied", rest="belum ada perbaikan")),
        ("5", Understood(intent="rate", rating=5)),
        ("nilai 4", Understood(intent="rate", rating=4)),
        ("5/5", Understood(intent="rate", rating=5)),
        ("3, lumayan", Understood(intent="rate", rating=3, rest="lumayan")),
        ("⭐⭐⭐", Understood(intent="rate", rating=3)),
        ("4️⃣", Understood(intent="rate", rating=4)),
    ],
)
def test_what_stands_after_a_command_is_kept(line: str, understood: Understood) -> None:
    assert read(line) == understood


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    understood: Any = read(text)
    assert understood.intent is not None
    timewords.find(text)
    whereabouts.locate(text)
    alarms.is_emergency(text)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("lampu mati sejak kemarin malam jam 8", "sejak kemarin malam jam 8"),
        ("sudah 2 minggu sampah tidak diangkut", "sudah 2 minggu"),
        ("tadi pagi", "tadi pagi"),
        ("rusak hari Senin", "hari Senin"),
        ("5 Maret 2026 pukul 20.00 WIB", "5 Maret 2026 pukul 20.00 WIB"),
        ("setiap hari macet", "setiap hari"),
        ("barusan", "barusan"),
        ("banjir bulan lalu", "bulan lalu"),
        ("air mati 3 hari", "3 hari"),
        ("mulai sejak 2023 rusak", "sejak 2023"),
        ("tdi malam gelap", "tdi malam"),
        ("hari sabtu lalu sekitar jam 7 malam", "hari sabtu lalu sekitar jam 7 malam"),
        ("antre 3 jam di RSUD", ""),
        ("Jl. Sriwijaya RT 02/05", ""),
        ("sampai sekarang belum", ""),
        ("selamat pagi pak", ""),
        ("dijanjikan 3 hari kerja", ""),
        ("anak umur 5 tahun", ""),
    ],
)
def test_times_are_kept_as_written(text: str, phrase: str) -> None:
    span = timewords.find(text)
    assert (text[span[0] : span[1]] if span else "").removeprefix("mulai ") == phrase


def test_a_bare_part_of_the_day_is_a_time_only_as_an_answer() -> None:
    assert timewords.find("malam") is None
    assert timewords.find("malam", asked=True) == (0, 5)


@pytest.mark.parametrize(
    ("text", "place", "village"),
    [
        ("lampu jalan mati di Perawas", "Perawas", "Perawas"),
        ("Jalan rusak di Jl. Sriwijaya, Desa Perawas", "Jl. Sriwijaya, Desa Perawas", "Perawas"),
        ("sampah di desa badau dekat pasar tidak diangkut", "desa badau dekat pasar", "Badau"),
        ("lampu depan SD 5 Perawas mati", "depan SD 5 Perawas", "Perawas"),
        ("lubang di depan toko Aneka", "depan toko Aneka", ""),
        ("parkir liar di pasar hatta tiap pagi bikin macet", "pasar hatta", ""),
    ],
)
def test_a_place_is_found_in_a_story(text: str, place: str, village: str) -> None:
    found = whereabouts.locate(text)
    assert found is not None
    assert (found[0].text, found[0].village) == (place, village)


@pytest.mark.parametrize(
    "text",
    ["jalan rusak parah", "lampu jalan mati", "tidak ada lampu di jalan", "depan rumah saya", "di pasar banyak sampah"],
)
def test_a_road_without_a_name_is_no_place(text: str) -> None:
    assert whereabouts.locate(text) is None


@pytest.mark.parametrize(
    "text",
    ["Kebakaran di pasar!", "tolong ada orang tenggelam di pantai", "kecelakaan di simpang sekarang", "banjir besar"],
)
def test_danger_now(text: str) -> None:
    assert alarms.is_emergency(text)


@pytest.mark.parametrize(
    "text",
    [
        "kebakaran lahan minggu lalu",
        "jalan rusak rawan kecelakaan",
        "ruang gawat darurat penuh",
        "bisa bikin kecelakaan",
    ],
)
def test_danger_past_or_feared_is_no_emergency(text: str) -> None:
    assert not alarms.is_emergency(text)


def test_violence_needs_protection() -> None:
    assert alarms.needs_protection("anak saya dipukul guru")
    assert not alarms.needs_protection("lampu jalan mati")
