"""Indonesian words reduced to stems, so that "lampu-lampu jalannya" and "lampu jalan" are the same.

Light and for comparing only: prefixes, suffixes, particles and doubling come off by rule, without a dictionary. The
stem need not be the dictionary's root; it has to be the same for the words of one family.
"""

import re
from functools import lru_cache

from besadu.frozen import dataclass


@dataclass(frozen=True)
class Token:
    """A word's stem, and where the word stands in the text."""

    stem: str
    start: int
    end: int


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that carry no topic. Words of place ("di", "depan") are among them so that "lampu di jalan" is "lampu jalan".
_STOPWORDS = _words(
    """
    yang dan atau di ke dari pada dalam untuk dengan oleh ini itu ada adalah akan sudah telah belum bisa dapat
    harus saya kami kita anda aku dia mereka bapak ibu pak bu bang min admin mohon tolong harap agar supaya
    karena sebab juga saja lagi masih sangat sekali banyak para tapi tetapi kalau jika bila kapan kenapa mengapa
    apa apakah siapa bagaimana gimana terima kasih selamat pagi siang sore malam assalamualaikum halo hai kamek
    ikam die nok lah kah yg dgn utk krn sdh udah dah nya sih dong deh ya pun besadu lapor laporan aduan mengadu
    hari minggu bulan depan belakang dekat sebelah samping sekitar daerah wilayah
    """
)
# Short forms, and Belitung and everyday spellings of words that topics use.
_SPELLINGS = {
    "jl": "jalan",
    "jln": "jalan",
    "aik": "air",
    "aek": "air",
    "lobang": "lubang",
    "belobang": "lubang",
    "bolong": "lubang",
    "dak": "tidak",
    "ndak": "tidak",
    "idak": "tidak",
    "gak": "tidak",
    "ga": "tidak",
    "gk": "tidak",
    "nggak": "tidak",
    "tdk": "tidak",
    "tak": "tidak",
    "enggak": "tidak",
    "rmh": "rumah",
    "umah": "rumah",
    "sklh": "sekolah",
    "sekula": "sekolah",
    "rs": "rumahsakit",
    "ngalir": "alir",
    "numpuk": "tumpuk",
    "ektp": "ktp",
    "listerik": "listrik",
    "got": "selokan",
    "drainasi": "drainase",
}
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*", re.UNICODE)
_SHORTEST_ROOT = 4  # letters; below that an ending is more likely part of the word ("makan", "jalan")
_PARTICLES = ("lah", "kah", "pun", "nya", "ku", "mu")
_SUFFIXES = ("kan", "an")
# Prefix -> the letter it swallowed before a vowel ("menyapu" from "sapu"). The longest that fits is taken off.
_PREFIXES = (
    ("menge", ""),
    ("penge", ""),
    ("meny", "s"),
    ("peny", "s"),
    ("meng", ""),
    ("peng", ""),
    ("mem", "p"),
    ("pem", "p"),
    ("men", "t"),
    ("pen", "t"),
    ("ber", ""),
    ("ter", ""),
    ("per", ""),
    ("me", ""),
    ("di", ""),
    ("ke", ""),
    ("se", ""),
)
_VOWELS = "aeiou"
# Roots that only look as if they had a prefix or suffix.
_ROOTS = _words(
    """
    pemadam jalan jembatan makan ikan hutan bulan bukan badan taman aman pesan kesan pasien sekolah pelabuhan
    kecamatan dinas terminal perawat pengairan bahan tahan lahan depan delapan rawan lawan kawan hewan perumahan
    kesehatan pertanahan pertanian perikanan pendidikan kependudukan perizinan kebakaran kebersihan kebijakan
    diare disiplin diskon seluruh sepeda seragam selokan semen sertifikat sengketa sembako setan berita beras
    bersih perda permen termasuk teras terang kelas kepala kerja kertas kereta kebun kejar kesal ketua kelapa
    keliling kemah keracunan membalong penipuan perempuan pengaduan pemerintah mesin menara mentah merah meja
    media pensiun pentas tunjangan makanan minuman angkutan obatan bangunan tangan pangan pekan jaringan saluran
    bantuan layanan pelayanan antrean antrian
    """
)


def tokens(text: str) -> list[Token]:
    """The words of a text that carry a topic, in order."""
    tokens = []
    for match in _WORD.finditer(text):
        word = match.group().lower()
        spelt = _SPELLINGS.get(word, word)
        if spelt not in _STOPWORDS:
            tokens.append(Token(stem(spelt), match.start(), match.end()))
    return tokens


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A light Indonesian stem: the same for text and topics, not always the dictionary's root."""
    word = _unrepeated(word)
    for particle in _PARTICLES:
        shortest = 3 if particle == "nya" else _SHORTEST_ROOT  # "airnya"; but "buku" and "tamu" are whole words
        if word not in _ROOTS and word.endswith(particle) and len(word) - len(particle) >= shortest:
            word = word.removesuffix(particle)
            break
    word = _SPELLINGS.get(word, word)
    if word in _ROOTS:
        return word
    bare = _without_prefix(word)
    bare = bare if bare in _ROOTS else _without_suffix(bare)
    return _SPELLINGS.get(bare, bare)


def _unrepeated(word: str) -> str:
    """``anak-anak`` and ``jalan2`` say the same as one of them."""
    if "-" in word:
        parts = word.split("-")
        return parts[0] if len(parts) == 2 and (parts[1].startswith(parts[0][:3]) or parts[1] == "nya") else word
    return word[:-1] if len(word) > _SHORTEST_ROOT and word[-1] == "2" and word[:-1].isalpha() else word


def _without_prefix(word: str) -> str:
    for prefix, swallowed in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) >= _SHORTEST_ROOT - 1:
            root = swallowed + rest if swallowed and rest[0] in _VOWELS else rest
            return root if len(root) >= _SHORTEST_ROOT else word
    return word


def _without_suffix(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_ROOT:
            return word.removesuffix(suffix)
    return word
