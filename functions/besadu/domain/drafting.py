"""A complaint in the making: what a message adds to it, corrects in it, or takes back."""

import re
from collections.abc import Mapping
from datetime import datetime

from besadu.domain import timewords, understanding, whereabouts
from besadu.domain.asking import VOICE, heard, own_words
from besadu.domain.complaint import Place
from besadu.domain.conversation import Draft, Slot
from besadu.domain.turn import NIK_MARK, Turn
from besadu.frozen import replace

MOST_LINES = 60
MOST_FILES = 20
MOST_CHARACTERS = 20_000
_LONGEST_TIME = 120
_NOW = "sekarang"
_ALSO_STORY = 5  # telling words beside a place or a time from which an answer is a story, too
_ASIDE = 3  # telling words from which a message is more than a remark on the question
_ABOUT_NIK = re.compile(r"\b(?:nik|ktp)\b", re.IGNORECASE)
_ABOUT_EVIDENCE = re.compile(r"\b(?:di)?(?:bukti|foto|video|rekam|lampir)\w*", re.IGNORECASE)
_NIK_WORDS = re.compile(
    rf"(?:\b(?:nomor|no)\.?\s*)?(?:\b(?:nik|ktp)\b\s*)?(?:saya|sy)?\s*[:=]?\s*{re.escape(NIK_MARK)}", re.IGNORECASE
)
_LABEL_WORDS: Mapping[Slot, str] = {
    "place": "lokasi|tempat|alamat|desa|kelurahan|tkp",
    "when": "waktu|kapan|tanggal|tgl|hari kejadian",
    "nik": "nomor nik|no nik|nik|ktp|nomor ktp",
    "evidence": "bukti|foto|video|lampiran",
    "story": "cerita|isi laporan|isi|kronologi|uraian|kejadian|laporan",
}
_SKIP_DENIAL = re.compile(r"^.*\b(?=(?:bukti|foto|video|lampiran))", re.IGNORECASE | re.DOTALL)
_LABELS: Mapping[Slot, re.Pattern[str]] = {
    slot: re.compile(rf"^\W*(?:{words})(?:nya)?\b\s*(?:jadi|menjadi|ke|adalah|yang benar|[:=\-])*\s*", re.IGNORECASE)
    for slot, words in _LABEL_WORDS.items()
}


def start(now: datetime) -> Draft:
    """An empty draft."""
    return Draft(started_at=now)


def absorb(draft: Draft, turn: Turn) -> tuple[Draft, bool]:
    """The draft with what this message holds, and whether something had to be left out because there is too much."""
    slot = heard(draft, turn)
    draft, full = _record(draft, turn)
    draft = _hold_nik(draft, turn)
    if "emergency" in turn.alarm and not draft.when:
        draft = replace(draft, when=_NOW)
    if turn.pin:
        draft = replace(draft, place=whereabouts.joined(draft.place, turn.pin))
    text = _without_nik(turn.content)
    if draft.changing:
        draft = _change(draft, turn.content, turn)
    elif understanding.telling(text) or timewords.find(text, asked=slot in {"place", "when"}):
        draft = _fill(draft, text, turn, slot)
    elif slot in {"place", "when"} and text and not turn.files:
        draft = _answer(draft, text, slot)
    if turn.voice:
        draft = _tell(draft, VOICE, turn.key)
    return draft, full


def change(draft: Draft, text: str, turn: Turn) -> Draft:
    """The draft with the correction that ``text`` makes, after UBAH."""
    return _change(_hold_nik(draft, turn), text, turn)


def names_slot(text: str) -> bool:
    """Whether ``text`` begins with the name of what it corrects: "lokasi …", "waktu …"."""
    return any(label.match(text) for label in _LABELS.values())


def denies_evidence(text: str) -> bool:
    """Whether "tidak ada" says itself what there is none of."""
    return bool(_LABELS["evidence"].search(_SKIP_DENIAL.sub("", text)))


def retell(draft: Draft, turn: Turn, target_key: str) -> Draft:
    """The draft after an edit: the old words make room for the new ones in talk and story."""
    talk = tuple(replace(line, text=turn.text) if line.key == target_key else line for line in draft.talk)
    draft = _forget_story(_hold_nik(replace(draft, talk=talk), turn), target_key)
    text = _without_nik(turn.text)
    if understanding.telling(text):
        draft = _recognise(draft, text, override=True)
        draft = _tell(draft, text, target_key) if own_words(text) else draft
    return draft


def revoke(draft: Draft, target_key: str, mark: str) -> Draft:
    """The draft after the citizen deleted a message: its words and files are gone, the line says so."""
    talk = tuple(replace(line, text=mark, evidence=()) if line.key == target_key else line for line in draft.talk)
    prefix = f"{target_key[:24]}-"
    evidence = tuple(each for each in draft.evidence if not each.startswith(prefix))
    return _forget_story(replace(draft, talk=talk, evidence=evidence), target_key)


def has_room(draft: Draft, text: str) -> bool:
    """Whether the talk may grow by ``text``. What BESADU itself said does not count."""
    own = [line for line in draft.talk if line.speaker == "citizen"]
    return len(own) < MOST_LINES and sum(len(line.text) for line in own) + len(text) <= MOST_CHARACTERS


def _record(draft: Draft, turn: Turn) -> tuple[Draft, bool]:
    """The message in the talk and its files among the evidence, within the caps."""
    evidence = (*draft.evidence, *turn.evidence)[:MOST_FILES]
    line = turn.line
    if turn.pin and not line.text:
        line = replace(line, text=f"(lokasi) {turn.pin.text}".strip())
    fits = has_room(draft, line.text)
    full = not fits or len(evidence) < len(draft.evidence) + len(turn.evidence)
    talk = (*draft.talk, line) if fits else draft.talk
    return replace(draft, talk=talk, evidence=evidence), full


def _hold_nik(draft: Draft, turn: Turn) -> Draft:
    if turn.nik:
        return replace(draft, nik=turn.nik, nik_problem="", nik_problem_count=0)
    if turn.nik_problem and draft.nik is None:
        return replace(draft, nik_problem=turn.nik_problem, nik_problem_count=turn.nik_problem_count)
    if draft.nik_problem and not turn.unsent(draft.prompted_at):
        # What was wrong has been said, and this message is no new attempt: "apa itu NIK?" wants another answer.
        return replace(draft, nik_problem="", nik_problem_count=0)
    return draft


def _fill(draft: Draft, text: str, turn: Turn, slot: Slot | None) -> Draft:
    """Put the words where they belong; the slot that was asked for takes what is not recognised."""
    if slot in {"place", "when"} and not turn.files:
        answered = _answer(draft, text, slot)
        return _tell(answered, text, turn.key) if own_words(text) >= _ALSO_STORY else answered
    before, draft = draft, _recognise(draft, text, override=False)
    if slot == "nik" and not turn.files and (own_words(text) < _ASIDE or _asks_back(text) or _ABOUT_NIK.search(text)):
        return draft  # "buat apa?", "tidak punya KTP": about the question, not about the complaint
    if slot == "story" and own_words(text) == 0 and (draft.place, draft.when) != (before.place, before.when):
        return draft  # only the place or the time, ahead of the story
    if slot == "evidence" and not turn.files and not _asks_back(text):
        draft = replace(draft, no_evidence=True)
        if _ABOUT_EVIDENCE.search(text) and own_words(text) < _ALSO_STORY:
            return draft
    return _tell(draft, text, turn.key) if own_words(text) or slot == "story" else draft


def _answer(draft: Draft, text: str, slot: Slot) -> Draft:
    """``text`` as the answer to "where (and when)?" or to "when?"."""
    if _asks_back(text):
        return _recognise(draft, text, override=False)
    time = timewords.find(text, asked=True)
    if slot == "place":
        rest = text if time is None else f"{text[: time[0]]} {text[time[1] :]}"
        if understanding.telling(rest):
            draft = replace(draft, place=whereabouts.joined(draft.place, whereabouts.described(rest.strip(" ,.;\n"))))
        return replace(draft, when=draft.when or _time_phrase(text, time)) if time else draft
    located = whereabouts.locate(text)
    if time is None and located:
        return replace(draft, place=whereabouts.joined(draft.place, located[0]))
    return replace(draft, when=_time_phrase(text, time or (0, len(text))))


def _recognise(draft: Draft, text: str, *, override: bool) -> Draft:
    """Place and time as far as the words name them."""
    located = whereabouts.locate(text)
    if located and (override or not whereabouts.sufficient(draft.place)):
        draft = replace(draft, place=whereabouts.joined(None if override else draft.place, located[0]))
    elif located and draft.place and not draft.place.text:
        draft = replace(draft, place=whereabouts.joined(draft.place, located[0]))
    time = timewords.find(text)
    if time and (override or not draft.when):
        draft = replace(draft, when=_time_phrase(text, time))
    return draft


def _change(draft: Draft, text: str, turn: Turn) -> Draft:
    draft = replace(draft, changing=False, confirming=False, asking="", asked={}, handed_over=False)
    text = text.strip()
    for slot, label in _LABELS.items():
        if match := label.match(text):
            return _replace_slot(draft, slot, _without_nik(text[match.end() :]), turn)
    text = _without_nik(text)
    if not understanding.telling(text) and not timewords.find(text):
        return draft
    draft = _recognise(draft, text, override=True)
    if own_words(text):
        draft = _tell(replace(draft, story=(), story_keys=()), text, turn.key)
    return draft


def _replace_slot(draft: Draft, slot: Slot, text: str, turn: Turn) -> Draft:
    match slot:
        case "place":
            named: Place | None = whereabouts.described(text) if text else None
            return replace(draft, place=turn.pin or named)
        case "when":
            return replace(draft, when=_time_phrase(text, (0, len(text))))
        case "nik":
            return draft if turn.nik else _hold_nik(replace(draft, nik=None), turn)
        case "evidence":
            return replace(draft, no_evidence=False)
        case "story":
            emptied = replace(draft, story=(), story_keys=())
            return _tell(emptied, text, turn.key) if text else emptied


def _tell(draft: Draft, text: str, key: str) -> Draft:
    room = MOST_CHARACTERS - sum(len(part) for part in draft.story)
    if room <= 0 or len(draft.story) >= MOST_LINES or not text:
        return draft
    return replace(draft, story=(*draft.story, text[:room]), story_keys=(*draft.story_keys, key))


def _forget_story(draft: Draft, key: str) -> Draft:
    kept = [(part, of) for part, of in zip(draft.story, draft.story_keys, strict=True) if of != key]
    return replace(draft, story=tuple(part for part, _ in kept), story_keys=tuple(of for _, of in kept))


def _asks_back(text: str) -> bool:
    """A short question in return, which answers nothing."""
    return text.rstrip().endswith("?") and len(text.split()) <= 8


def _without_nik(text: str) -> str:
    return _NIK_WORDS.sub(" ", text).strip()


def _time_phrase(text: str, span: tuple[int, int]) -> str:
    return " ".join(text[span[0] : span[1]].split())[:_LONGEST_TIME]
