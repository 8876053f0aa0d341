"""Whole talks, as they stand on a phone. ``asks`` is the key of the reply; the words are tested where they matter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu.domain import asking
from besadu.domain.complaint import State
from besadu.domain.conversation import CitizenAct
from besadu.domain.message import Attachment
from tests.domain.talk import FAR_PIN, NIK, PHOTO, PIN, STICKER, TICKET, VOICE, Talk

COMPLETE = f"Lampu jalan mati di depan SD 5 Desa Perawas sejak kemarin malam. NIK saya {NIK}"
SATURDAY = datetime(2026, 3, 7, 3, 0, tzinfo=UTC)


def at_confirmation() -> Talk:
    talk = Talk()
    talk.say(COMPLETE)
    talk.say("tidak ada")
    assert talk.asks == "summary"
    return talk


def test_everything_in_one_message_leaves_only_the_evidence_to_ask_for() -> None:
    talk = Talk()
    assert "BESADU" in talk.say(COMPLETE)
    assert talk.asks == "ask_evidence"
    assert talk.done.reply is not None
    assert talk.done.reply.buttons == ("TIDAK ADA",)
    summary = talk.say("ini fotonya", PHOTO)
    assert "depan SD 5 Desa Perawas" in summary
    assert "sejak kemarin malam" in summary
    assert "1 berkas" in summary
    assert "berakhiran 0003" in summary
    assert NIK not in summary
    talk.say("iya pak")
    assert talk.done.submit
    assert talk.draft.place is not None
    assert talk.draft.place.village == "Perawas"


@pytest.mark.parametrize(
    "order",
    [
        ["sampah menumpuk bau", "di desa Badau dekat pasar", "sudah 2 minggu", NIK, "gak ada"],
        [NIK, "sudah 2 minggu", "di desa Badau dekat pasar", "sampah menumpuk bau", "gak ada"],
        ["sudah 2 minggu", "sampah menumpuk bau", NIK, "di desa Badau dekat pasar", "tdk ada bukti"],
        ["di desa Badau dekat pasar", NIK, "sampah menumpuk bau", "sudah 2 minggu", "tidak punya foto pak"],
    ],
)
def test_five_short_messages_in_any_order_make_one_complaint(order: list[str]) -> None:
    talk = Talk()
    for line in order:
        talk.say(line)
    assert talk.asks == "summary"
    assert talk.draft.story == ("sampah menumpuk bau",)
    assert talk.draft.when == "sudah 2 minggu"
    assert talk.draft.place is not None
    assert talk.draft.place.text == "desa Badau dekat pasar"
    talk.say("YA")
    assert talk.done.submit


def test_a_burst_gets_one_prompt_and_counts_nothing_twice() -> None:
    talk = Talk()
    last = talk.burst("jalan rusak", "parah sekali", "di Perawas dekat kantor desa", "dari minggu lalu", PHOTO)
    assert "Selamat datang" in last, "the greeting of the replaced prompt is not lost"
    assert talk.asks == "ask_nik"
    assert sum(talk.draft.asked.values()) == 1
    assert talk.draft.story[:2] == ("jalan rusak", "parah sekali")


def test_in_a_burst_nothing_answers_a_prompt_that_nobody_has_read() -> None:
    talk = Talk()
    talk.burst("jalan rusak parah", "lubangnya besar besar")
    assert talk.draft.place is None
    assert talk.draft.story == ("jalan rusak parah", "lubangnya besar besar")


def test_ten_photos_at_once_are_one_draft_and_one_prompt() -> None:
    talk = Talk()
    talk.burst(*[PHOTO] * 10)
    assert talk.asks == "ask_story"
    assert len(talk.draft.evidence) == 10
    assert len(set(talk.draft.evidence)) == 10
    assert talk.draft.asked == {"story": 1}


def test_a_question_about_the_nik_after_a_wrong_one_is_answered_and_not_with_the_same_fault() -> None:
    talk = Talk()
    talk.say("Jalan berlubang di Desa Perawas sejak Senin lalu")
    talk.say("190201450790")
    assert talk.asks == "nik_length"
    talk.say("apa itu nik?")
    assert talk.asks == "ask_nik_again"


def test_a_wrong_nik_is_told_why_and_never_echoed() -> None:
    talk = Talk()
    talk.say("Jalan berlubang di Desa Perawas sejak Senin lalu")
    assert talk.asks == "ask_nik"
    for wrong, key in [
        ("190201450790", "nik_length"),
        ("1902019907900003", "nik_birth_date"),
        ("9902014507900003", "handed_over"),
    ]:
        words = talk.say(wrong)
        assert talk.asks == key
        assert wrong not in words
        assert wrong not in repr(talk.done)
    assert "kode wilayahnya" in talk.reply, "the reason is told even when an officer takes over"
    assert talk.head.needs_person
    talk.say(f"nik yang benar {NIK}")
    assert talk.asks == "ask_evidence"
    assert talk.draft.nik is not None


def test_photo_first() -> None:
    talk = Talk()
    talk.say("", PHOTO)
    assert talk.asks == "ask_story"
    talk.say("jalan berlubang besar")
    assert talk.asks == "ask_place_when"
    talk.say("Jl. Sriwijaya depan toko Aneka, sudah 2 minggu")
    assert talk.asks == "ask_nik"
    talk.say(NIK)
    assert talk.asks == "summary", "the photo already is the evidence"


def test_a_voice_note_is_story_and_evidence() -> None:
    talk = Talk()
    talk.say("", VOICE)
    assert talk.asks == "ask_place_when"
    talk.say("", PIN)
    assert talk.asks == "ask_when"
    talk.say("semalam")
    talk.say(NIK)
    assert talk.asks == "summary"
    assert talk.draft.story == ("(pesan suara)",)


def test_a_pin_alone_is_a_place() -> None:
    talk = Talk()
    talk.say("", PIN)
    assert talk.asks == "ask_story"
    talk.say("lampu jalan padam sejak kemarin")
    assert talk.asks == "ask_nik"
    assert talk.draft.place is not None
    assert talk.draft.place.latitude == PIN.latitude


def test_a_pin_far_away_is_kept_and_pointed_out() -> None:
    talk = Talk()
    assert "di luar Kabupaten Belitung" in talk.say("", FAR_PIN)
    assert talk.draft.place is not None
    assert talk.draft.place.latitude == FAR_PIN.latitude


def test_the_slot_that_was_asked_takes_what_nobody_recognises() -> None:
    talk = Talk()
    talk.say("air keran keruh dan berbau")
    assert talk.asks == "ask_place_when"
    talk.say("dusun seberang kali")
    assert talk.asks == "ask_when"
    assert talk.draft.place is not None
    assert talk.draft.place.text == "dusun seberang kali"
    talk.say("wah saya lupa persisnya")
    assert talk.draft.when == "wah saya lupa persisnya"
    assert talk.draft.story == ("air keran keruh dan berbau",)


def test_a_district_alone_is_asked_for_a_landmark_and_both_are_kept() -> None:
    talk = Talk()
    talk.say("jalan rusak di Badau sejak kemarin")
    assert talk.asks == "ask_place"
    talk.say("depan pasar")
    assert talk.draft.place is not None
    assert (talk.draft.place.text, talk.draft.place.district) == ("Badau, depan pasar", "Badau")


def test_a_remark_on_the_question_is_no_part_of_the_story() -> None:
    talk = Talk()
    talk.say("Jembatan di Desa Perawas hampir putus sejak Senin lalu")
    for line in ("buat apa nik?", "bntr ya", NIK, "belum sempat difoto"):
        talk.say(line)
    assert talk.asks == "summary"
    assert talk.draft.story == ("Jembatan di Desa Perawas hampir putus sejak Senin lalu",)


def test_a_question_in_return_is_no_answer() -> None:
    talk = Talk()
    talk.say("air keran keruh dan berbau")
    talk.say("buat apa?")
    assert talk.asks == "ask_place_when_again"
    assert talk.draft.place is None


def test_after_two_repeats_an_officer_takes_over_and_the_draft_is_kept() -> None:
    talk = Talk()
    talk.say("Sampah menumpuk di pasar Tanjungpandan sejak kemarin")
    replies = [talk.say(line) and talk.asks for line in ("buat apa nik?", "tidak mau", "tidak usah lah", "gak mau")]
    assert replies == ["ask_nik_again", "ask_nik_again", "handed_over", "kept"]
    assert talk.say("pokoknya tidak mau") == "", "never a loop"
    assert talk.head.needs_person
    assert talk.draft.story
    talk.say(NIK)
    assert talk.asks == "ask_evidence", "whoever gives it after all goes on"


def test_small_talk_opens_nothing_and_is_answered_once_an_hour() -> None:
    talk = Talk()
    assert "Selamat datang" in talk.say("Assalamualaikum wr wb")
    assert talk.asks == "chat_hello"
    for line in ("halo", "👍", "ok siap", "test"):
        assert talk.say(line) == ""
    assert talk.head.draft is None
    assert talk.say("terima kasih", wait=timedelta(hours=2)) != ""
    assert talk.asks == "chat_thanks"
    assert talk.head.draft is None


@pytest.mark.parametrize(
    ("files", "key"),
    [
        ((STICKER,), "got_sticker"),
        ((Attachment(kind="contact", label="Budi"),), "got_contact"),
        ((), "got_unsupported"),
    ],
)
def test_what_cannot_be_read_is_answered_kindly(files: tuple[Attachment, ...], key: str) -> None:
    talk = Talk()
    talk.say("", *files)
    assert talk.asks == key
    assert talk.head.draft is None


def test_first_contact_after_hours_says_when_somebody_reads() -> None:
    talk = Talk(now=SATURDAY)
    assert "Senin, 9 Maret 2026" in talk.say("lampu jalan mati")
    assert "Senin, 9 Maret 2026" not in talk.say("di Perawas")


def test_petugas_after_hours_says_when_the_office_opens() -> None:
    talk = Talk(now=SATURDAY)
    assert "Senin, 9 Maret 2026" in talk.say("petugas")
    assert talk.head.needs_person


@pytest.mark.parametrize("said", ["", "lampu mati", "di Perawas", "kemarin", NIK])
@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("STATUS", "status_draft"),
        ("BANTUAN", "help"),
        ("petugas", "person_now"),
        ("BATAL", "cancelled"),
        ("data saya", "data_request"),
        ("UBAH", "ask_change"),
    ],
)
def test_commands_work_at_any_point_of_a_draft(said: str, command: str, key: str) -> None:
    talk = Talk()
    talk.say("jalan rusak berlubang")
    if said:
        talk.say(said)
    before = talk.draft
    talk.say(command)
    assert talk.asks == key
    assert talk.done.reply is not None
    assert talk.done.reply.urgent
    if command == "BATAL":
        assert talk.head.draft is None
    else:
        assert (talk.draft.story, talk.draft.place, talk.draft.when) == (before.story, before.place, before.when)


@pytest.mark.parametrize(
    ("command", "key"),
    [("STATUS", "status_none"), ("BATAL", "nothing_open"), ("TIDAK ADA", "nothing_open"), ("SELESAI", "nothing_open")],
)
def test_commands_without_anything_open_say_so(command: str, key: str) -> None:
    talk = Talk()
    talk.say(command)
    assert talk.asks == key
    assert talk.head.draft is None


def test_ubah_replaces_the_slot_that_it_names() -> None:
    talk = at_confirmation()
    talk.say("UBAH")
    talk.say("lokasi: Desa Badau dekat pasar")
    assert talk.asks == "summary"
    assert talk.draft.place is not None
    assert talk.draft.place.district == "Badau"
    assert talk.draft.when == "sejak kemarin malam"
    talk.say("ubah waktu jadi Senin pagi")
    assert talk.draft.when == "Senin pagi"
    talk.say("ubah nik")
    assert talk.asks == "ask_nik"
    talk.say(NIK)
    assert talk.asks == "summary"
    talk.say("tidak")
    assert talk.asks == "ask_change"
    talk.say("tiang lampunya roboh ke jalan raya")
    assert talk.draft.story == ("tiang lampunya roboh ke jalan raya",)
    talk.say("YA")
    assert talk.done.submit


def test_an_incomplete_draft_is_not_submitted_by_ya() -> None:
    talk = Talk()
    talk.say("jalan rusak berlubang")
    talk.say("ya")
    assert not talk.done.submit
    assert talk.asks == "ask_place_when_again"


def test_more_words_and_photos_while_confirming_join_and_are_confirmed_again() -> None:
    talk = at_confirmation()
    assert "1 berkas" in talk.say("", PHOTO)
    assert "tiangnya miring" in talk.say("tiangnya miring juga")
    talk.say("👍")
    assert talk.done.submit


def test_a_pressed_button_counts_as_its_word() -> None:
    talk = at_confirmation()
    talk.say("Kirim sekarang juga ya", payload="YA")
    assert talk.done.submit


def test_an_edit_replaces_what_was_said_and_a_deletion_takes_it_back() -> None:
    talk = Talk()
    talk.say("lampu mati di perawas")
    talk.say("sejak senin")
    talk.say("lampu jalan mati di badau dekat pasar", kind="edit", target=talk.key(1))
    assert talk.draft.story == ("lampu jalan mati di badau dekat pasar",)
    assert talk.draft.place is not None
    assert talk.draft.place.district == "Badau"
    talk.say("", kind="revoke", target=talk.key(1))
    assert talk.asks == "ask_story"
    assert talk.draft.talk[0].text == "(dihapus pelapor)"


def test_a_deleted_photo_is_no_evidence() -> None:
    talk = Talk()
    talk.say("", PHOTO)
    talk.say("", kind="revoke", target=talk.key(1))
    assert talk.draft.evidence == ()


def test_an_edit_after_the_ticket_is_noted() -> None:
    talk = Talk.after_ticket()
    talk.say("lampunya tiga", kind="edit", target=talk.key(99))
    assert talk.done.act == CitizenAct(ticket=TICKET, step="add", text="(disunting) lampunya tiga")
    assert talk.reply == ""


def test_danger_now_is_answered_first_and_at_once() -> None:
    talk = Talk()
    words = talk.say("Kebakaran di pasar sekarang!!")
    assert words.startswith("⚠️")
    assert talk.done.reply is not None
    assert talk.done.reply.urgent
    assert talk.head.needs_person
    assert talk.draft.when == "sekarang"
    assert not talk.say("apinya besar sekali").startswith("⚠️")


def test_violence_is_read_by_a_person() -> None:
    talk = Talk()
    talk.say("anak saya dipukul gurunya di SD 3 Badau kemarin")
    assert talk.head.needs_person


def test_a_draft_takes_twenty_files_and_sixty_lines() -> None:
    talk = Talk()
    talk.burst(*[PHOTO] * 25)
    assert len(talk.draft.evidence) == 20
    assert talk.done.files == ()
    assert talk.done.reply is not None
    assert "enough" in talk.done.reply.before
    for number in range(80):
        talk.say(f"lubang nomor {number} besar sekali " + "x" * 400)
    assert len(talk.draft.talk) == 60
    assert sum(len(part) for part in talk.draft.story) <= 20_000


# After the ticket


def test_a_message_after_the_ticket_joins_it_and_is_acknowledged_now_and_then() -> None:
    talk = Talk.after_ticket()
    talk.say("tiangnya juga miring", PHOTO)
    assert talk.done.act == CitizenAct(ticket=TICKET, step="add", text="tiangnya juga miring")
    assert talk.done.files == (PHOTO,)
    assert talk.asks == "added"
    assert talk.say("dan kabelnya terkelupas") == ""
    assert talk.done.act is not None
    talk.say("masih mati pak", wait=timedelta(hours=7))
    assert talk.asks == "added"


def test_thanks_after_the_ticket_are_no_addition() -> None:
    talk = Talk.after_ticket()
    talk.say("terima kasih banyak")
    assert talk.done.act is None
    assert talk.asks == "chat_thanks"


def test_lapor_starts_a_new_one_while_one_is_open() -> None:
    talk = Talk.after_ticket()
    talk.say("LAPOR sampah menumpuk di Desa Badau sejak Senin lalu")
    assert talk.done.act is None
    assert talk.asks == "ask_nik"
    assert talk.draft.story == ("sampah menumpuk di Desa Badau sejak Senin lalu",)
    assert talk.done.text.startswith("LAPOR"), "what is stored is what was written"


def test_a_question_of_ours_is_answered_by_whatever_comes() -> None:
    for answer in ("ya benar", "kemarin", "tidak ada", "3"):
        talk = Talk.after_ticket(State.ASKED)
        talk.say(answer)
        assert talk.done.act == CitizenAct(ticket=TICKET, step="reply", text=answer)
        assert talk.asks == "replied"


@pytest.mark.parametrize("said", ["PUAS", "sudah puas pak", "puas, terima kasih", "sudah sesuai"])
def test_puas_closes_and_asks_for_a_mark(said: str) -> None:
    talk = Talk.after_ticket(State.DELIVERED)
    talk.say(said)
    assert talk.done.act is not None
    assert talk.done.act.step == "satisfied"
    assert talk.reply == "", "the step itself thanks and asks for a mark"
    talk.complaint = replace(talk.complaint, state=State.CLOSED)
    talk.say("5")
    assert talk.done.act == CitizenAct(ticket=TICKET, step="rate", rating=5)
    assert talk.asks == "thanks_final"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("BELUM, masih gelap", "masih gelap"),
        ("tidak puas karena lampunya redup", "lampunya redup"),
        ("blm diperbaiki pak", "blm diperbaiki pak"),
    ],
)
def test_belum_with_its_reason_reopens(said: str, reason: str) -> None:
    talk = Talk.after_ticket(State.DELIVERED)
    talk.say(said)
    assert talk.done.act == CitizenAct(ticket=TICKET, step="dissatisfied", text=reason)


def test_belum_alone_is_asked_for_its_reason_first() -> None:
    talk = Talk.after_ticket(State.DELIVERED)
    talk.say("BELUM")
    assert talk.done.act is None
    assert talk.asks == "ask_reason"
    talk.say("lampunya masih mati", PHOTO)
    assert talk.done.act == CitizenAct(ticket=TICKET, step="dissatisfied", text="lampunya masih mati")
    assert talk.done.files == (PHOTO,)
    assert talk.head.reason_for == ""


def test_a_mark_alone_is_a_verdict() -> None:
    talk = Talk.after_ticket(State.DELIVERED)
    talk.say("⭐⭐⭐⭐")
    assert talk.done.act == CitizenAct(ticket=TICKET, step="satisfied", rating=4)
    talk = Talk.after_ticket(State.DELIVERED)
    talk.say("nilai 2")
    assert talk.done.act == CitizenAct(ticket=TICKET, step="rate", rating=2)
    assert talk.asks == "rated_low"
    talk.say("terlalu lama")
    assert talk.done.act == CitizenAct(ticket=TICKET, step="dissatisfied", text="terlalu lama")


def test_other_words_after_an_answer_join_and_recall_the_verdict() -> None:
    talk = Talk.after_ticket(State.DELIVERED)
    talk.say("lampunya sudah menyala tapi redup")
    assert talk.done.act is not None
    assert talk.done.act.step == "add"
    assert talk.asks == "added_verdict"


def test_belum_outside_a_verdict_is_a_story() -> None:
    talk = Talk()
    talk.say("belum ada perbaikan jalan di Desa Perawas")
    assert talk.draft.story == ("belum ada perbaikan jalan di Desa Perawas",)


def test_after_a_closed_complaint_content_starts_a_new_one() -> None:
    talk = Talk.after_ticket(State.CLOSED)
    talk.say("lampunya mati lagi di Perawas")
    assert talk.done.act is None
    assert talk.asks == "ask_when"


def test_status_names_the_ticket_only_when_it_is_theirs() -> None:
    talk = Talk.after_ticket()
    talk.say("status")
    assert talk.done.status_of == TICKET
    talk.say(f"cek status {TICKET.lower()} pak")
    assert talk.done.status_of == TICKET
    talk.say("STATUS BSD-26-1111-1110")
    assert talk.done.status_of == ""
    assert talk.asks in {"status_mistyped", "status_unknown"}


def test_cabut_needs_the_number_of_an_open_complaint_of_theirs() -> None:
    talk = Talk.after_ticket()
    assert TICKET in talk.say("cabut")
    assert talk.done.act is None
    talk.say(f"CABUT {TICKET}")
    assert talk.done.act == CitizenAct(ticket=TICKET, step="withdraw")
    talk = Talk.after_ticket(State.CLOSED)
    talk.say(f"CABUT {TICKET}")
    assert talk.asks == "closed_hint"


def test_batal_without_a_draft_explains_cabut() -> None:
    talk = Talk.after_ticket()
    assert f"CABUT {TICKET}" in talk.say("batal")


# Whatever comes

WORDS = """halo|ya|tidak|TIDAK ADA|SELESAI|UBAH|BATAL|STATUS|PETUGAS|LAPOR|LAPOR jalan rusak|PUAS|BELUM|5|2|BUKA|👍
BELUM karena gelap|kemarin|di Perawas|jalan rusak di Badau dekat pasar|sudah 2 minggu|lokasi|ubah waktu|kebakaran!!
maksudnya?|1234567890123456|190201450790|CABUT BSD-26-4839-2050|hapus data"""
LINES = st.one_of(
    st.sampled_from(WORDS.replace("\n", "|").split("|")),
    st.sampled_from([NIK, f"nik {NIK} ya", f"{NIK[:6]} {NIK[6:12]} {NIK[12:]}", f"jalan rusak, {NIK[:6]}-{NIK[6:]}"]),
    st.text(max_size=40),
)
FILES = st.lists(
    st.sampled_from([PHOTO, VOICE, PIN, FAR_PIN, STICKER, Attachment(kind="document", filename=f"{NIK}.pdf")]),
    max_size=2,
)
MESSAGES = st.tuples(
    LINES,
    FILES,
    st.sampled_from(["message", "message", "message", "edit", "revoke"]),
    st.sampled_from([1, 1, 60, 90_000]),
    st.integers(1, 6),
)


@settings(max_examples=300, deadline=None)
@given(messages=st.lists(MESSAGES, max_size=14), state=st.sampled_from([None, *State]))
def test_no_sequence_of_messages_breaks_the_talk(messages: list[tuple], state: State | None) -> None:
    talk = Talk.after_ticket(state) if state else Talk()
    for text, files, kind, seconds, target in messages:
        talk.say(text, *files, kind=kind, wait=timedelta(seconds=seconds), target=talk.key(target))
        assert NIK not in repr(talk.done).replace("-", "").replace(" ", "")
        assert talk.done.head.sequence == talk.count
        if talk.done.submit:
            assert talk.head.draft is not None
            assert asking.missing(talk.draft) == ()
            talk.head = replace(talk.head, draft=None)
        if talk.head.draft:
            assert max(talk.draft.asked.values(), default=0) <= len(messages)
            assert len(talk.draft.evidence) <= 20
