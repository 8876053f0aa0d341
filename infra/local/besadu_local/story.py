"""One whole complaint, played through the running functions: signed webhooks, real files, the pages' own forms.

Each step is printed when it has really happened; the first one that does not happen ends the story with its reason.
"""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from besadu.domain.complaint import State, first_broken_entry
from besadu.domain.deadlines import WIB, datetime_text
from besadu.domain.ladder import GATHER
from besadu_local.browser import Browser, PageError
from besadu_local.seed import office_of
from besadu_local.stack import Stack
from besadu_local.world.client import Message, Phone

T = TypeVar("T")
SAMPLES = Path(__file__).parent / "samples"
CITIZEN = "6281219450001"
WRONG_NIK, NIK = "1902015203880", "1902015203880004"  # synthetic
TICKET = re.compile(r"BSD-\d\d-\d{4}-\d{4}")
LINK = re.compile(r"/assignment/t/[\w.\-]+")
_PATIENCE = 40.0  # seconds of real time for one message or one file


class NotHappenedError(Exception):
    """A step of the story did not happen; says which and why."""


def play(stack: Stack) -> int:
    """Play it on a running platform; 0 only if every step really happened."""
    story = _Story(stack)
    try:
        story.complain()
        story.hand_over()
        story.remind()
        story.answer()
        story.deliver()
        story.judge()
        story.print_history()
    except (NotHappenedError, PageError, TimeoutError, LookupError, OSError) as fault:
        print(f"\nThe story stopped: {fault or type(fault).__name__}", file=sys.stderr, flush=True)
        return 1
    print("\nEvery step happened.", flush=True)
    return 0


@dataclass
class _Story:
    stack: Stack
    ticket: str = ""
    seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        base = self.stack.addresses["phone"]
        self.office = office_of(self.stack)
        self.console = f"{self.stack.addresses['functions']}/console"
        self.citizen = Phone(base, CITIZEN, "Nurhayati")
        post = self.office.store.directory.agency("DISHUB")
        self.duty = Phone(base, post.duty.phone if post else "")
        self.admin = Browser()

    # --- the acts

    def complain(self) -> None:
        """Short messages in any order, a wrong NIK, the right one; a photo, a voice note, a pin; then the ticket."""
        self._title("A citizen writes on WhatsApp")
        self._says("assalamualaikum", "mau lapor pak", "lampu jalan mati di depan masjid dekat simpang Perawas")
        self._hears("sejak kapan")
        self._says("sudah 5 hari, gelap sekali, tadi malam ada yang jatuh dari motor", f"nik saya {WRONG_NIK}")
        said = self._hears("13")
        self._expect(WRONG_NIK not in said["text"], "the wrong NIK is not repeated")
        self._says(f"maaf pak, ini yg benar {NIK} ya")
        self._hears("bukti")
        self.citizen.photo(SAMPLES / "foto-lampu-padam.jpg", "ini fotonya")
        self._line("citizen", "BESADU", "(photo, JPEG) ini fotonya")
        self.citizen.voice(SAMPLES / "pesan-suara.ogg")
        self._line("citizen", "BESADU", "(voice note, OGG/Opus)")
        self.citizen.location(-2.7466, 107.6689, "Simpang Perawas")
        self._line("citizen", "BESADU", "(pin) Simpang Perawas")
        summary = self._hears("Ringkasan", "2 berkas")
        self.citizen.press(summary, "YA")
        self._line("citizen", "BESADU", "[YA]")
        self.ticket = self._found(TICKET, self._hears("kami terima dengan nomor")["text"], "a ticket number")

    def hand_over(self) -> None:
        """The admin looks at all of it and hands it to the agency that the page suggests."""
        self._title("The admin reads it and hands it to an OPD")
        self.admin.sign_in(self.console, "admin@belitung.example")
        page = self._until(
            lambda: self._case_page("image/jpeg", "audio/ogg"), "photo and voice note are in the console"
        )
        self._line("console", "admin", "photo shown, voice note plays, bytes as the citizen sent them")
        self._expect("Dinas Perhubungan" in page, "the console suggests Dinas Perhubungan")
        self._expect(NIK not in page and "1902" in page, "the NIK is masked in the console")
        note = "Mohon diganti secepatnya, sudah ada yang jatuh."
        self.admin.submit("/forward", agency_code="DISHUB", note=note, case_class="ordinary")
        self._line("admin", "Dinas Perhubungan", note)
        self._hears("teruskan", "Dinas Perhubungan")
        self._duty_hears("disposisi_baru")

    def remind(self) -> None:
        """Nobody answers; the clock goes on."""
        self._title("The agency is silent; the clock moves")
        self._pass_until_due()
        self._duty_hears("pengingat_opd")

    def answer(self) -> None:
        """The duty post opens its one-ticket link, takes the complaint on and answers with a photo."""
        self._title("The duty post answers over its one-ticket link")
        link = self._found(LINK, self.duty.inbox()[-1]["link"], "a one-ticket link")
        desk = Browser()
        page = desk.open(self.stack.addresses["functions"] + link)
        masked = NIK not in page and CITIZEN not in page and "Nurhayati" not in page
        self._expect(masked, "the agency sees no NIK, number or name")
        desk.submit("/accept")
        self._line("Dinas Perhubungan", "BESADU", "[Terima]")
        self._pass(timedelta(days=2))
        done = "Dua lampu PJU di simpang Perawas sudah diganti LED pada Kamis sore dan menyala normal."
        photo = {"foto-selesai.jpg": (SAMPLES / "foto-selesai.jpg").read_bytes()}
        desk.submit("/answer", files=photo, text=done)
        self._line("Dinas Perhubungan", "admin", f"{done} (photo)")

    def deliver(self) -> None:
        """The admin edits the answer and delivers it; the window is long closed, so an invitation goes first."""
        self._title("The admin delivers the answer")
        # Days have passed; the console's session has not lasted that long.
        self.admin.sign_in(self.console, "admin@belitung.example")
        self._case_page()
        text = "Terima kasih atas laporannya. Dua lampu PJU di simpang Perawas sudah diganti LED dan menyala normal."
        self.admin.submit("/deliver", text=text)
        self._line("admin", "citizen", text)
        invitation = self._hears("BUKA")
        self._expect(invitation["template"] == "jawaban_tersedia", "outside the window an approved template goes first")
        self._says("buka")
        self._hears("sudah diganti LED")
        picture = self._next(self.citizen, lambda message: message["kind"] == "image", "the agency's photo")
        self._line("BESADU", "citizen", f"(photo, {picture['mime']})")
        self._until(lambda: "dibaca" in self._case_page().lower(), "the console shows that the answer was read")
        self._line("console", "admin", "the answer was delivered and read")

    def judge(self) -> None:
        """The citizen is satisfied."""
        self._title("The citizen judges")
        self._says("PUAS, terima kasih pak")
        self._hears("angka 1")
        self._says("5")
        self._hears("Terima kasih")
        complaint = self.office.store.complaints.read(self.ticket)
        closed = complaint is not None and complaint.value.state == State.CLOSED and complaint.value.rating == 5
        self._expect(closed, "the complaint is closed with the mark 5")

    def print_history(self) -> None:
        """The ticket's timeline, each line hashing the one before."""
        self._title(f"The timeline of {self.ticket}")
        complaint = self.office.store.complaints.read(self.ticket)
        history = complaint.value.history if complaint else ()
        for entry in history:
            at = datetime_text(entry.at)
            note = f"  “{_short(entry.note)}”" if entry.note else ""
            print(
                f"{entry.number:3}  {at}  {entry.action:11} {entry.target:15} {entry.actor}{note}  {entry.digest[:8]}"
            )
        self._expect(bool(history) and first_broken_entry(history) is None, "the chain of hashes holds")

    # --- how it is told and made sure of

    def _title(self, text: str) -> None:
        print(f"\n{text}  ({datetime_text(self.stack.clock.now())})", flush=True)

    def _line(self, speaker: str, hearer: str, text: str) -> None:
        words = _short(" / ".join(text.split("\n")), 150)
        print(f"  {speaker} -> {hearer}: {words.replace(NIK, '[NIK]').replace(WRONG_NIK, '[NIK]')}", flush=True)

    def _expect(self, happened: bool, what: str) -> None:  # noqa: FBT001 - the word is the sentence
        if not happened:
            message = f"it is not so that {what}"
            raise NotHappenedError(message)
        print(f"    so it is: {what}", flush=True)

    def _says(self, *texts: str) -> None:
        for text in texts:
            self.citizen.say(text)
            self._line("citizen", "BESADU", text)

    def _hears(self, *words: str) -> Message:
        message = self._next(
            self.citizen,
            lambda message: all(word.lower() in message["text"].lower() for word in words),
            f"a message with “{' … '.join(words)}”",
        )
        self._line("BESADU", "citizen", message["text"])
        return message

    def _duty_hears(self, template: str) -> None:
        found = self._next(
            self.duty,
            lambda message: message["template"] == template and self.ticket in message["text"],
            f"a message to the post from the template {template}",
        )
        self._line("BESADU", "Dinas Perhubungan", found["text"])

    def _next(self, phone: Phone, wanted: Callable[[Message], bool], what: str) -> Message:
        """The next message on this phone that is wanted; earlier ones do not count twice."""
        try:
            message = phone.wait_for(wanted, after=self.seen.get(phone.id, 0), timeout=_PATIENCE)
        except TimeoutError:
            last = next((message["text"] for message in reversed(phone.inbox())), "nothing at all")
            reason = f"{what} did not come; the last that came: {_short(last, 300)}"
            raise NotHappenedError(reason) from None
        self.seen[phone.id] = message["seq"]
        return message

    def _until(self, look: Callable[[], T], what: str) -> T:
        """What ``look`` finds as soon as it finds something; told as having happened."""
        end = time.monotonic() + _PATIENCE
        while not (found := look()):
            if time.monotonic() > end:
                message = f"it did not come about that {what}"
                raise NotHappenedError(message)
            time.sleep(0.2)
        print(f"    so it is: {what}", flush=True)
        return found

    def _case_page(self, *mimes: str) -> str:
        """The complaint's page; empty until its files are there with these types."""
        page = self.admin.open(f"{self.console}/laporan/{self.ticket}")
        found = set(re.findall(rf"/console/laporan/{self.ticket}/bukti/[\w-]+", page))
        types = [self.admin.fetch(address).headers["Content-Type"] for address in found] if mimes else []
        return page if all(mime in types for mime in mimes) else ""

    def _found(self, pattern: re.Pattern[str], text: str, what: str) -> str:
        match = pattern.search(text)
        if match is None:
            message = f"{what} is not in the message"
            raise NotHappenedError(message)
        return match.group()

    def _pass(self, time: timedelta) -> None:
        now = self.citizen.clock_advance(int(time.total_seconds()))
        print(f"    the clock moves to {datetime_text(datetime.fromisoformat(now))}", flush=True)

    def _pass_until_due(self) -> None:
        complaint = self.office.store.complaints.read(self.ticket)
        if complaint is None or complaint.value.remind_at is None:
            reason = "the complaint has no deadline to be reminded of"
            raise NotHappenedError(reason)
        # A post hears once a day, a little after the office has opened.
        wait = complaint.value.remind_at - self.stack.clock.now() + GATHER + timedelta(minutes=1)
        due = complaint.value.due
        print(f"    due {due.astimezone(WIB):%d.%m.%Y %H:%M} WIB" if due else "", flush=True)
        self._pass(max(wait, timedelta(minutes=1)))


def _short(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
