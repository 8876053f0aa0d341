"""Calls on a real database: in every order, repeated, at the same time; nothing is lost and nothing is doubled."""

import base64
import hashlib
import hmac
import itertools
import json
import random
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from besadu import vault
from besadu.channels.webhook import Webhook
from besadu.domain.complaint import Complaint, State
from besadu.domain.ivr import STEPS
from besadu.domain.message import Address, Attachment
from besadu.queue import Queue
from besadu.services import recordings
from besadu.services.office import Office
from besadu.services.telephone import handle
from besadu.store import open_store
from besadu.store.calls import Calls, call_key
from besadu.store.client import connect
from besadu.store.senders import key_of
from besadu.store.wire import Wire
from tests.factories import NIK, Hands, an_office, closed_port, head_of, some_settings, talk_of

ACCOUNT = "AC00000000000000000000000000000001"
TOKEN = "twilio-token-of-tests"
PBX_KEY = "pbx-key-of-tests"
CALLER = "6281200000001"
PUBLIC = "https://besadu.example"
SOUND = {"RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1", "RecordingSid": "RE1"}
RECORDED = {**SOUND, "RecordingDuration": "42", "Digits": "#"}
KEPT = {**SOUND, "RecordingDuration": "41", "RecordingStatus": "completed", "From": None}
OVER = {"CallStatus": "completed"}
SMS = Address(channel="sms", account="android", phone=CALLER)
TELEPHONE = {
    "besadu_public_url": PUBLIC,
    "twilio_account_sid": ACCOUNT,
    "twilio_auth_token": TOKEN,
    "twilio_number": "+62719000000",
    "sms_gateway": "android",
    "pbx_signing_key": PBX_KEY,
}


@pytest.fixture
def office(firestore_project: str, hands: Hands) -> Office:
    return an_office(firestore_project, hands.now, **TELEPHONE)


def a_step(office: Office, step: str, fields: Mapping[str, str | None], *, token: str = TOKEN) -> Webhook:
    """A step as Twilio signs it. A field that is None is left out."""
    given = {"CallSid": "CA1", "AccountSid": ACCOUNT, "From": f"+{CALLER}", "To": "+62719000000", **fields}
    pairs = {name: value for name, value in given.items() if value is not None}
    url = f"{PUBLIC}/intake/telephone/{step}"
    content = url + "".join(f"{name}{pairs[name]}" for name in sorted(pairs))
    digest = base64.b64encode(hmac.new(token.encode(), content.encode(), hashlib.sha1).digest()).decode()
    return Webhook(
        method="POST",
        path=f"/telephone/{step}",
        url=url,
        query="",
        headers={"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": digest},
        raw=urlencode(pairs).encode(),
        received_at=office.now(),
    )


def take(office: Office, step: str, fields: Mapping[str, str | None] | None = None) -> list[str]:
    """What is spoken, and ``<Gather>``, ``<Record>``, ``<Hangup>``."""
    body, kind, status = handle(office, a_step(office, step, fields or {}))
    assert (kind, status) == ("text/xml", 200)
    _, *verbs = ET.fromstring(body).iter()  # noqa: S314 - our own words
    return [(verb.text or "") if verb.tag == "Say" else f"<{verb.tag}>" for verb in verbs]


def complaints(office: Office) -> list[Complaint]:
    found = office.store.database.collection("complaints").get()
    stored = (office.store.complaints.read(snapshot.id) for snapshot in found)
    return [one.value for one in stored if one]


def every(office: Office, collection: str) -> list[dict[str, Any]]:
    return [snapshot.to_dict() or {} for snapshot in office.store.database.collection(collection).get()]


def a_whole_call(office: Office, **more: str) -> list[str]:
    take(office, "answer", more)
    take(office, "nik", {"Digits": NIK, **more})
    heard = take(office, "recorded", {**RECORDED, **more})
    take(office, "recording-status", {**KEPT, **{name: value for name, value in more.items() if name != "From"}})
    take(office, "status", {**OVER, **more})
    return heard


def test_a_call_becomes_a_complaint_with_its_nik_sealed_and_its_ticket_said_and_sent(office: Office) -> None:
    heard = a_whole_call(office)
    (complaint,) = complaints(office)
    assert " ".join(complaint.ticket.replace("-", "")) in heard[0].replace(",", "")
    assert (complaint.channel, complaint.reporter.address) == ("telephone", SMS)
    assert complaint.reporter.nik
    assert vault.open_sealed(office.settings, complaint.reporter.nik.sealed).decode() == NIK
    assert (complaint.state, complaint.story, complaint.clock) == (State.RECEIVED, "(rekaman telepon)", "verify")
    (told,) = every(office, "outbox")
    assert told["address"]["channel"] == "sms"
    assert complaint.ticket in told["text"]
    assert told["ticket"] == complaint.ticket


def test_the_recording_is_evidence_to_fetch(office: Office) -> None:
    a_whole_call(office)
    (complaint,) = complaints(office)
    (line,) = complaint.talk
    (file,) = office.store.evidence.read_all(line.evidence)
    assert (file.channel, file.ticket, file.state) == ("telephone", complaint.ticket, "pending")
    assert file.attachment == Attachment(
        kind="audio", media_id="RE1", url=SOUND["RecordingUrl"], mime="audio/mpeg", voice=True
    )


def test_the_file_is_fetched_a_little_later_when_the_exchange_may_still_be_writing_it(office: Office) -> None:
    take(office, "recorded", RECORDED)
    take(office, "recording-status", {**KEPT, "CallSid": "CA2", "RecordingSid": "RE2"})
    delays = {item["attachment"]["media_id"]: item["due"] - office.now() for item in every(office, "evidence")}
    assert delays == {"RE1": recordings.NOT_THERE_YET, "RE2": timedelta()}


def test_an_sms_in_reply_belongs_to_the_complaint_and_a_person_is_asked_to_listen(office: Office) -> None:
    a_whole_call(office)
    (complaint,) = complaints(office)
    head = head_of(office, SMS).value
    assert (head.ticket, head.tickets, head.needs_person) == (complaint.ticket, (complaint.ticket,), True)
    assert complaint.reporter.sender_key == key_of(SMS)
    assert [key for key, _ in office.store.senders.waiting_for_a_person()] == [key_of(SMS)]


LATER = [*itertools.permutations(["nik", "recorded", "recording-status", "status"])]


@pytest.mark.parametrize(
    "order", [*(("answer", *rest) for rest in LATER), *((*rest, "answer") for rest in LATER)], ids="-".join
)
def test_in_every_order_and_all_repeated_there_is_one_complaint_with_one_recording(
    office: Office, order: tuple[str, ...]
) -> None:
    fields: dict[str, Mapping[str, str | None]] = {
        "nik": {"Digits": NIK},
        "recorded": RECORDED,
        "recording-status": KEPT,
        "status": OVER,
    }
    for step in (*order, *order):
        take(office, step, fields.get(step, {}))
    (complaint,) = complaints(office)
    assert len(every(office, "evidence")) == 1
    if order.index("answer") < order.index("recording-status"):
        assert complaint.reporter.address.phone == CALLER
        assert len(every(office, "outbox")) == 1
    if order.index("nik") < min(order.index("recorded"), order.index("recording-status")):
        assert complaint.reporter.nik


@pytest.mark.parametrize("step", ["recorded", "recording-status"])
def test_either_word_of_the_recording_is_enough(office: Office, step: str) -> None:
    take(office, "answer")
    take(office, step, {"recorded": RECORDED, "recording-status": KEPT}[step])
    assert len(complaints(office)) == 1


def test_steps_at_the_same_time_make_one_complaint(office: Office) -> None:
    take(office, "answer")
    take(office, "nik", {"Digits": NIK})
    steps = [a_step(office, "recorded", RECORDED)] * 4 + [a_step(office, "recording-status", KEPT)] * 4
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda one=one: statuses.append(handle(office, one)[2])) for one in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503}
    assert 200 in statuses
    (complaint,) = complaints(office)
    assert len(every(office, "evidence")) == len(every(office, "outbox")) == 1
    assert head_of(office, SMS).value.tickets == (complaint.ticket,)


def test_a_caller_who_hangs_up_after_the_nik_opens_nothing(office: Office) -> None:
    take(office, "answer")
    take(office, "nik", {"Digits": NIK})
    take(office, "recorded", {**RECORDED, "RecordingDuration": "0", "Digits": "hangup"})
    take(office, "recording-status", {**KEPT, "RecordingStatus": "absent"})
    take(office, "status", OVER)
    assert complaints(office) == []
    assert every(office, "outbox") == every(office, "evidence") == every(office, "senders") == []


def test_a_caller_who_never_presses_anything_is_recorded_without_a_nik(office: Office) -> None:
    take(office, "answer")
    for _ in range(3):
        heard = take(office, "nik", {"Digits": ""})
    assert "<Record>" in heard
    take(office, "recorded", RECORDED)
    (complaint,) = complaints(office)
    assert complaint.reporter.nik is None
    assert complaint.history[0].note == "NIK tidak diberikan"


def test_what_is_recorded_and_then_hung_up_is_kept(office: Office) -> None:
    take(office, "answer")
    take(office, "recorded", {**RECORDED, "Digits": "hangup", "CallStatus": "completed"})
    assert len(complaints(office)) == 1


@pytest.mark.parametrize("number", ["+266696687", "anonymous", "sip:budi@pbx.example", "", "' OR 1=1 --", "+62" * 200])
def test_a_caller_without_a_number_is_heard_and_keeps_a_complaint_of_their_own(office: Office, number: str) -> None:
    for call in ("CA1", "CA2"):
        heard = a_whole_call(office, From=number, CallSid=call, RecordingSid=f"RE-{call}")
        assert "Nomor laporannya" in heard[0]
        assert not any("SMS" in said for said in heard)
    one, other = complaints(office)
    assert one.reporter.address.phone == ""
    assert one.reporter.sender_key != other.reporter.sender_key
    assert every(office, "outbox") == []


def test_a_landline_gets_no_sms(office: Office) -> None:
    a_whole_call(office, From="+62719212345")
    (complaint,) = complaints(office)
    assert complaint.reporter.address.phone == "62719212345"
    assert every(office, "outbox") == []
    assert head_of(office, complaint.reporter.address).value.ticket == complaint.ticket


def test_without_an_sms_gateway_none_is_promised(firestore_project: str, hands: Hands) -> None:
    office = an_office(firestore_project, hands.now, **{**TELEPHONE, "sms_gateway": ""})
    assert not any("SMS" in said for said in a_whole_call(office))
    (complaint,) = complaints(office)
    assert complaint.reporter.address == Address(channel="telephone", account=ACCOUNT, phone=CALLER)


def test_a_second_call_may_add_to_the_open_complaint(office: Office) -> None:
    a_whole_call(office)
    (complaint,) = complaints(office)
    second = {"CallSid": "CA2"}
    assert "tekan 1." in " ".join(take(office, "answer", second))
    take(office, "choice", {"Digits": "1", **second})
    heard = take(office, "recorded", {**RECORDED, "RecordingSid": "RE2", **second})
    assert "tambahkan" in heard[0]
    assert [each.ticket for each in complaints(office)] == [complaint.ticket]
    (_, line) = talk_of(office, complaint.ticket)
    assert office.store.evidence.read_all(line.evidence)[0].attachment.media_id == "RE2"
    assert len(every(office, "outbox")) == 2


def test_a_call_is_the_answer_when_something_was_asked(office: Office) -> None:
    a_whole_call(office)
    (complaint,) = complaints(office)
    asked = office.store.complaints.reference(complaint.ticket)
    asked.update({"state": State.ASKED.value, "resume": State.RECEIVED.value})
    take(office, "answer", {"CallSid": "CA2"})
    take(office, "choice", {"Digits": "1", "CallSid": "CA2"})
    take(office, "recorded", {**RECORDED, "RecordingSid": "RE2", "CallSid": "CA2"})
    (after,) = complaints(office)
    assert after.state is State.RECEIVED


def test_a_second_call_may_be_about_something_new(office: Office) -> None:
    a_whole_call(office)
    take(office, "answer", {"CallSid": "CA2"})
    take(office, "choice", {"Digits": "2", "CallSid": "CA2"})
    take(office, "nik", {"Digits": NIK, "CallSid": "CA2"})
    take(office, "recorded", {**RECORDED, "RecordingSid": "RE2", "CallSid": "CA2"})
    assert len(complaints(office)) == 2
    assert len(head_of(office, SMS).value.tickets) == 2


def test_a_closed_complaint_is_not_offered(office: Office) -> None:
    a_whole_call(office)
    (complaint,) = complaints(office)
    office.store.complaints.reference(complaint.ticket).update({"state": State.WITHDRAWN.value})
    assert "tekan 1." not in " ".join(take(office, "answer", {"CallSid": "CA2"}))


def test_no_nik_and_no_digits_lie_in_the_clear(office: Office) -> None:
    a_whole_call(office)
    for collection in ("calls", "complaints", "senders", "outbox", "evidence", "inbox"):
        assert NIK not in repr(every(office, collection))


def test_no_number_and_no_digits_are_logged(office: Office, capfd: pytest.CaptureFixture[str]) -> None:
    a_whole_call(office)
    handle(office, a_step(office, "answer", {}, token="wrong"))
    logged = capfd.readouterr().err
    assert "signature_refused" in logged
    assert "call_kept" in logged
    assert CALLER not in logged
    assert NIK not in logged


def test_what_is_not_signed_is_refused_and_touches_nothing(office: Office) -> None:
    answer = a_step(office, "answer", RECORDED)
    replayed = replace(
        answer, path="/telephone/recording-status", url=answer.url.replace("/answer", "/recording-status")
    )
    for forged in (a_step(office, "answer", {}, token="wrong"), replayed, replace(answer, headers={})):
        assert handle(office, forged)[2] == 403
    assert every(office, "calls") == every(office, "complaints") == every(office, "inbox") == []


def test_unknown_steps_are_not_found(office: Office) -> None:
    for path in ("/telephone/", "/telephone/answer/x", "/telephone/../pbx"):
        assert handle(office, replace(a_step(office, "answer", {}), path=path))[2] == 404


def test_a_step_about_no_call_is_kept_sealed_and_the_caller_not_disturbed(office: Office) -> None:
    for _ in range(2):
        assert take(office, "nik", {"CallSid": None, "Digits": NIK}) == []
    (kept,) = every(office, "inbox")
    assert (kept["state"], kept["raw_sealed"]) == ("quarantined", True)
    assert NIK in vault.open_sealed(office.settings, kept["raw"]).decode()


HOSTILE = ("", "\0", "\udc80", "' OR 1=1", "9" * 400, "-1", "NaN", "٠١٢", "<Say>&", "a/b/../c", "__x__", "😀" * 50)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_any_form_under_a_valid_signature_is_answered(
    office: Office, step: str, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(step)  # noqa: S311 - the same forms every time
    names = ("CallSid", "From", "Digits", "RecordingUrl", "RecordingSid", "RecordingDuration", "CallStatus")
    for _ in range(15):
        form = {name: chance.choice((*HOSTILE, None)) for name in names if chance.random() < 0.7}
        safe = {name: value and value.encode("utf-8", "replace").decode() for name, value in form.items()}
        assert handle(office, a_step(office, step, safe))[2] == 200
    assert "call_not_handled" not in capfd.readouterr().err


def test_trouble_leads_to_the_recording_and_the_complaint(office: Office) -> None:
    heard = take(office, "fallback", {"ErrorCode": "11200"})
    assert "gangguan" in heard[0]
    assert "<Record>" in heard
    take(office, "recorded", RECORDED)
    (complaint,) = complaints(office)
    assert complaint.reporter.address.phone == CALLER


def test_without_a_database_a_step_asks_to_be_sent_again_but_trouble_still_records(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{closed_port()}")
    settings = some_settings("nowhere", **TELEPHONE)
    office = Office(settings, open_store(connect(settings)), Queue(settings), hands.now)
    assert handle(office, a_step(office, "answer", {}))[2] == 503
    body, _, status = handle(office, a_step(office, "fallback", {}))
    assert status == 200
    assert "<Record" in body


def test_a_step_costs_one_commit_and_a_repeated_one_none(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    real = Wire.commit

    def counted(self: Wire, request: Any, *, within: float) -> list[Any]:
        commits.append(len(request.writes))
        return real(self, request, within=within)

    monkeypatch.setattr(Wire, "commit", counted)
    a_whole_call(office)
    assert len(commits) == 3, "answer, nik, recorded; the recording's status and the call's end tell nothing new"
    a_whole_call(office)
    assert len(commits) == 3


def a_report(office: Office, body: Mapping[str, Any] | bytes, *, key: str = PBX_KEY) -> Webhook:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(office.now().timestamp()))
    digest = hmac.new(key.encode(), raw + stamp.encode(), hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Timestamp": stamp, "X-Signature": digest}
    url = f"{PUBLIC}/intake/telephone/pbx"
    return Webhook(
        method="POST", path="/telephone/pbx", url=url, query="", headers=headers, raw=raw, received_at=office.now()
    )


AUDIO = b"OggS" + bytes(24) + b"OpusHead" + bytes(300)
REPORT = {
    "call_id": "1772416860.17",
    "caller": "081200000001",
    "nik": NIK,
    "started_at": "2026-03-02T08:58:00+07:00",
    "duration": 41,
    "audio": base64.b64encode(AUDIO).decode(),
}


def reported(office: Office, body: Mapping[str, Any] | bytes) -> dict[str, str]:
    text, kind, status = handle(office, a_report(office, body))
    assert (kind, status) == ("application/json", 200)
    found: dict[str, str] = json.loads(text)
    return found


def test_a_report_of_an_own_exchange_becomes_a_complaint_once(office: Office) -> None:
    first = reported(office, REPORT)
    assert reported(office, REPORT) == first
    (complaint,) = complaints(office)
    assert first == {"ticket": complaint.ticket}
    assert (complaint.channel, complaint.reporter.address) == ("telephone", SMS)
    assert complaint.reporter.nik
    assert len(every(office, "outbox")) == 1


def test_the_sound_of_a_report_lies_with_its_call_until_it_is_fetched(office: Office) -> None:
    reported(office, REPORT)
    (complaint,) = complaints(office)
    (file,) = office.store.evidence.read_all(complaint.talk[0].evidence)
    with recordings.open_kept(office, file.attachment) as media:
        assert b"".join(media.chunks) == AUDIO
    stored = Calls(office.store.database).read(call_key("pbx", str(REPORT["call_id"])))
    assert stored
    assert stored.value.stage == "done"


def test_a_report_without_sound_or_of_silence_opens_nothing(office: Office) -> None:
    assert reported(office, {**REPORT, "audio": ""}) == {"ticket": ""}
    assert reported(office, {**REPORT, "duration": 0}) == {"ticket": ""}
    assert complaints(office) == []


def test_a_report_with_a_wrong_nik_is_kept_without_it(office: Office) -> None:
    reported(office, {**REPORT, "nik": "1234", "caller": "anonymous"})
    (complaint,) = complaints(office)
    assert complaint.reporter.nik is None
    assert complaint.reporter.address.phone == ""


def test_a_report_that_is_none_is_kept_and_one_that_is_too_big_refused(office: Office) -> None:
    assert reported(office, b"{}")["problem"] == "NoCallId"
    assert every(office, "inbox")[0]["state"] == "quarantined"
    big = {**REPORT, "audio": base64.b64encode(bytes(700_001)).decode()}
    assert handle(office, a_report(office, big))[2] == 413
    assert handle(office, a_report(office, REPORT, key="other"))[2] == 403
    assert complaints(office) == []


def test_a_report_of_the_largest_size_fits_into_a_document(office: Office) -> None:
    assert reported(office, {**REPORT, "audio": base64.b64encode(bytes(700_000)).decode()})["ticket"]
