"""Words for a time in what people write. They are kept as written: "sejak kemarin malam" is what the citizen knows."""

import re
from functools import lru_cache

_NUMBER = (
    r"(?:\d{1,3}|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|sepuluh|sebelas|belasan|puluhan|beberapa|bbrp|"
    r"\d{1,2}\s*-\s*\d{1,2})"
)
_PART = r"(?:pagi|pgi|siang|sore|petang|malam|mlm|malem|subuh|dini\s+hari|tengah\s+malam)"
_DAY = r"(?:senin|selasa|rabu|kamis|jum['\u2019]?at|sabtu|minggu|ahad)"
_MONTH = (
    r"(?:januari|februari|pebruari|maret|april|mei|juni|juli|agustus|september|oktober|november|nopember|desember|"
    r"jan|feb|mar|apr|jun|jul|agu|agt|agst|sept?|okt|nov|des)"
)
_YESTERDAY = r"(?:kemarin|kemaren|kmrn|kmren|kemarenan|kemari[ek])"
_AGO = r"(?:yang\s+lalu|yg\s+lalu|lalu|lewat|terakhir|belakangan|ini)"
_SINCE = (
    r"(?:sejak|semenjak|sjk|dari|mulai|selama|sudah|sdh|udah|udh|hampir|"
    r"lebih\s+dari|kurang\s+lebih|sekitar|setelah|habis)"
)
_LONG_UNIT = r"(?:hari|minggu|pekan|mingguan|bulan|bln|tahun|thn)"
_ANY_UNIT = rf"(?:{_LONG_UNIT}|menit|jam)"
_CLOCK = (
    rf"(?:jam|pukul|pkl|jm)\s*\d{{1,2}}(?:[.:]\d{{2}})?(?:\s*-\s*\d{{1,2}}(?:[.:]\d{{2}})?)?(?:\s*(?:{_PART}|wib))*"
)
_ATOMS = (
    rf"{_SINCE}\s+(?:{_NUMBER}\s*|se){_ANY_UNIT}(?:an)?(?:\s+{_AGO})?",
    rf"(?:{_NUMBER}\s*|se){_ANY_UNIT}\s+{_AGO}",
    rf"(?<!umur )(?<!usia )(?:{_NUMBER}\s+|se){_LONG_UNIT}(?:an)?(?!\s+kerja)",
    r"ber(?:hari-?hari|minggu-?minggu|bulan-?bulan|tahun-?tahun)",
    r"(?:bertahun2|berbulan2|berhari2|berminggu2)",
    r"(?:sudah\s+|sejak\s+|dari\s+)(?:lama|dulu|dahulu)(?:\s+sekali)?",
    rf"(?:tadi|td|tdi|{_YESTERDAY}|besok|lusa|(?:hari|malam|pagi|siang|sore)\s+ini)(?:\s+(?:lusa|{_PART}))?",
    r"(?:semalam|smlm|semalem|barusan|brusan|baru\s+saja|baru\s+aja|tempo\s+hari|akhir-akhir\s+ini|belakangan\s+ini)",
    rf"(?:hari\s+)?{_DAY}(?:\s+(?:{_PART}|{_YESTERDAY}|lalu|ini|tadi))+",
    rf"hari\s+{_DAY}",
    rf"(?:setiap|tiap|tiap2|tiap-tiap)\s+(?:kali\s+)?(?:hari|{_PART}|{_DAY}|minggu|pekan|bulan|tahun|jam|saat|waktu|hujan|\w*libur\w*)",
    r"(?:kalau|kalo|ketika|saat|waktu|pas|setelah|habis)\s+(?:hujan|air\s+pasang|pasang|lebaran|puasa|libur\w*)",
    r"musim\s+\w+",
    r"(?:bulan|bln|minggu|pekan|tahun|thn)\s+(?:lalu|kemarin|kemaren|kmrn|ini|depan|yang\s+lalu|yg\s+lalu)",
    rf"(?:(?:tanggal|tgl)\s*)?\b\d{{1,2}}\s*{_MONTH}\b(?:\s+\d{{4}})?",
    r"(?:tanggal|tgl)\s*\d{1,2}(?:[/.-]\d{1,2}(?:[/.-]\d{2,4})?)?",
    r"\d{1,2}[/.-]\d{1,2}[/.-](?:20)\d{2}",
    rf"(?:bulan|bln)\s+{_MONTH}(?:\s+\d{{4}})?",
    rf"{_MONTH}\s+\d{{4}}",
    r"(?:tahun|thn|sejak|dari)\s+20\d{2}",
    _CLOCK,
    r"(?:sejak|semenjak|sjk)\s+(?!\d)\w+(?:\s+\w+)?",
)
_LEAD = rf"(?:(?:{_SINCE}|pada|sekitar|sekira|kira-kira|pas|waktu)\s+)?"
_ATOM = "|".join(f"(?:{atom})" for atom in _ATOMS)
_JOIN = r"(?:\s*,?\s+|\s*,\s*|\s+(?:pada|sekitar|kira-kira|sampai|hingga|dan|di)\s+)"
# One atom, then any number with a join before each. Written so that the atoms stand in it once, because they take 5 ms
# of every cold start to compile. (?(1)…) asks for the join once the empty group 1 has been passed.
_TIME = re.compile(rf"(?<!\w)(?<!sampai )(?<!hingga ){_LEAD}(?:(?(1){_JOIN})(?:{_ATOM})())+(?!\w)", re.IGNORECASE)
# As an answer to "when", a bare part of the day or day of the week is enough; elsewhere it may be a greeting.
_BARE = re.compile(rf"(?<!\w)(?<!selamat )(?<!met )(?:{_PART}|{_DAY}|sekarang|skrg|dulu|{_MONTH})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=128)  # the same message is looked at several times
def find(text: str, *, asked: bool = False) -> tuple[int, int] | None:
    """Where the first time stands in ``text`` (start, end), or None. ``asked``: the message answers "when?"."""
    match = _TIME.search(text) or (_BARE.search(text) if asked else None)
    return match.span() if match else None
