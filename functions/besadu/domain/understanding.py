"""What people write on a phone: commands, small talk, or something to tell.

A message is a command only as a whole ("tidak ada") or by a first word whose remainder fits ("STATUS BSD-…",
"LAPOR …"), so that a story which merely begins alike ("tidak ada lampu di jalan") stays a story. Verdicts, marks and
yes or no are reported whatever the context; whether they mean anything just now is for ``dialogue`` to say.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from besadu.domain import ticket, timewords
from besadu.domain.vocabulary import (
    AROUND,
    GREETING,
    MENDED,
    OKAY,
    PHRASES,
    POLITE,
    RESERVES,
    SPELLINGS,
    STATUS_CORE,
    STATUS_WORDS,
    THANKS,
    VERDICTS,
    WITHDRAW_WORDS,
    Intent,
)
from besadu.frozen import dataclass

SMALL_TALK: frozenset[str] = frozenset({"greeting", "okay", "thanks"})


@dataclass(frozen=True, kw_only=True)
class Understood:
    """What a message asks for; ``intent`` "" means that it tells something."""

    intent: Intent | Literal[""] = ""
    rest: str = ""  # as written: what LAPOR reports, the reason after BELUM, the correction after UBAH
    ticket: str = ""  # a valid number
    mistyped: bool = False  # a number was meant, and none can be read
    rating: int | None = None


_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_DIGIT = re.compile(r"\d")
_DRAWN_OUT = re.compile(r"([^\W_])\1{2,}")
_REPORT = re.compile(
    r"^\W*(?:(?:saya|sy|aku|kami)\s+)?(?:(?:mau|ingin|izin|ijin|mo|hendak)\s+)?"
    r"(?:lapor|melapor|melaporkan|laporkan|mengadu|ngadu|mengadukan)\b[\s,.:;!\-]*"
    r"(?:(?:pak|bu|bapak|ibu|min|admin|kak|bang|mas|mbak|ya|dong|soal|tentang|bahwa|kalau|ada)\b[\s,.:;!\-]*)*",
    re.IGNORECASE,
)
# "ganti lokasi" corrects, "ganti lampunya" is what the citizen asks of the office.
_CHANGE = re.compile(
    r"^\W*(?:(?:ubah|rubah|ubh)\b|(?:ganti|perbaiki|koreksi|edit|revisi)\s+"
    r"(?=lokasi|tempat|alamat|waktu|tanggal|nik|cerita|isi|uraian|foto|bukti))[\s,.:;!\-]*",
    re.IGNORECASE,
)
# What may stand before the reason proper. "belum diperbaiki" is itself the reason and stays whole.
_REASON = re.compile(
    r"^\W*(?:(?:saya|sy|aku|kami)\s+)?(?:belum|blm|blum|belom|tidak|tdk|ga|gak|nggak|ndak|kurang|kecewa)\b"
    r"(?:\s+(?:puas|sesuai|memuaskan|beres)\b[\s,.:;!\-]*(?:(?:karena|krn|karna|krna|soalnya|sebab)\b[\s,.:;]*)?"
    r"|\s*[,.:;!\-]+\s*|\s+(?:karena|krn|karna|krna|soalnya|sebab)\b[\s,.:;]*)",
    re.IGNORECASE,
)
_RATING = re.compile(
    r"\s*(?:(?:saya\s+)?(?:beri\s+|kasih\s+)?(?:nilai|bintang|rating|skor)\s*(?:nya)?\s*[:=]?\s*)?"
    r"([1-5])(?:\ufe0f?\u20e3)?(?:\s*/\s*5)?(?:\s*(?:bintang|pak|bu|min))?\s*(?:[.,;:!\-]\s*(\D.*))?",
    re.IGNORECASE | re.DOTALL,
)
_COURTEOUS = POLITE | GREETING
_THANKFUL = _COURTEOUS | THANKS
_CHAT = _THANKFUL | OKAY
_IDLE = _CHAT | AROUND
_STARS = re.compile(r"^[\s\ufe0f]*((?:[⭐🌟★]\ufe0f?\s*){1,5})$")
_THUMBS = frozenset("👍👌✅🆗☑")


def read(text: str) -> Understood:
    """What the message asks for. Case, punctuation, emoji, common slips and politeness do not matter."""
    if stars := _STARS.match(text):
        return Understood(intent="rate", rating=sum(stars.group(1).count(star) for star in "⭐🌟★"))
    if mark := _RATING.fullmatch(text):
        return Understood(intent="rate", rating=int(mark.group(1)), rest=(mark.group(2) or "").strip())
    words = _words(text)
    if not words:
        return _without_words(text)
    if whole := _whole(words):
        return Understood(intent=whole)
    return _about_a_ticket(text, words) or _with_remainder(text, words) or Understood()


def telling(text: str) -> list[str]:
    """The words that say something by themselves: no politeness, greeting, pointing or label."""
    return [word for word in _words(text) if len(word) > 2 and word not in _IDLE and not word.isdigit()]


def names_time(text: str) -> bool:
    """Whether an answer to "when?" only looks like a greeting: "siang", but not "selamat siang"."""
    words = _words(text)
    return "selamat" not in words and timewords.find(text, asked=True) is not None


@lru_cache(maxsize=128)  # the same message is looked at several times
def _words(text: str) -> tuple[str, ...]:
    """The message in plain words: lower case, letters drawn out made short, everyday spellings made one."""
    return tuple(SPELLINGS.get(word, word) for word in _WORD.findall(_DRAWN_OUT.sub(r"\1", text.lower())))


def _without_words(text: str) -> Understood:
    if any(sign in _THUMBS for sign in text):
        return Understood(intent="okay")
    return Understood(intent="thanks" if text.strip() else "")


@lru_cache(maxsize=1024)
def _known(phrase: str) -> Intent | Literal[""]:
    if phrase in PHRASES:
        return PHRASES[phrase]
    if " " not in phrase and (near := difflib.get_close_matches(phrase, MENDED, n=1, cutoff=0.85)):
        return PHRASES.get(near[0], "status")
    return ""


def _whole(words: Sequence[str]) -> Intent | Literal[""]:
    """The command that the whole message is, then the kind of small talk, or ""."""
    plain = [word for word in words if word not in POLITE or word in {"ya", "saya"}]
    forms: Iterable[Sequence[str]] = (
        words,
        plain,
        [word for word in plain if word != "ya"],
        [word for word in words if word not in POLITE],
        [word for word in words if word not in _COURTEOUS],
        [word for word in words if word not in _THANKFUL],
    )
    for form in forms:
        if form and (intent := _known(" ".join(form))):
            return intent
    if _CHAT.issuperset(words):
        said = set(words)
        if said & {"terima", "kasih", "terimakasih", "nuhun", "alhamdulillah", "amin", "aamiin", "semoga"}:
            return "thanks"
        return "greeting" if said & GREETING else "okay"
    return ""


def _about_a_ticket(text: str, words: Sequence[str]) -> Understood | None:
    """STATUS or CABUT, alone or with a number; a number alone asks for its status."""
    number = ticket.parse(text) or ""
    mistyped = not number and ticket.looks_like(text)
    said = {word for word in words if word not in POLITE and not _DIGIT.search(word)}
    if _known(words[0]) == "status":
        said = said - {words[0]} | {"status"}
    if said <= WITHDRAW_WORDS and said & {"cabut", "tarik", "mencabut"}:
        return Understood(intent="withdraw", ticket=number, mistyped=mistyped)
    numbered = bool(number) or mistyped
    if said <= STATUS_WORDS and (said & STATUS_CORE or numbered):
        return Understood(intent="status", ticket=number, mistyped=mistyped or _odd_number(words, number))
    return None


def _odd_number(words: Sequence[str], number: str) -> bool:
    """A run of digits after STATUS that is no ticket number: told, rather than answered with another ticket's state."""
    return not number and sum(len(word) for word in words if word.isdigit()) >= 4


def _with_remainder(text: str, words: Sequence[str]) -> Understood | None:
    if words[0] == "ubah" and (start := _CHANGE.match(text)):
        return Understood(intent="change", rest=text[start.end() :].strip())
    if (start := _REPORT.match(text)) and start.group().strip():
        return Understood(intent="report", rest=text[start.end() :].strip())
    plain = " ".join(word for word in words if word not in POLITE)
    for intent, openings in VERDICTS:
        if any(plain == opening or plain.startswith(f"{opening} ") for opening in openings):
            if intent == "satisfied" and set(words) & RESERVES:
                return None
            start = _REASON.match(text)
            return Understood(intent=intent, rest=text[start.end() :].strip() if start else text.strip())
    return None
