"""Words that must not wait in a queue: danger to life now, and harm to people who need protection."""

import re

_DANGER = re.compile(
    r"""\b(?:
        kebakaran | terbakar | kebakar
      | kecelakaan | tabrakan | ditabrak | ketabrak
      | tenggelam | hanyut | terseret\ (?:arus|ombak|banjir)
      | banjir\ (?:besar|bandang|tinggi|dalam) | terjebak\ banjir | air\ (?:sudah\ )?masuk\ rumah
      | longsor | tertimbun | tertimpa | gempa | puting\ beliung
      | kesetrum | tersengat | kabel\ (?:listrik\ )?putus
      | pingsan | sekarat | tidak\ sadar | sesak\ na[pf]as | pendarahan | keracunan | melahirkan
      | dikeroyok | dibacok | ditusuk | dibegal | perampokan | dirampok | tawuran
      | darurat
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
# Not now: past, feared, frequent, or the name of a ward or a service.
_NOT_NOW = re.compile(
    r"""\b(?:
        kemarin | kemaren | kmrn | lalu | semalam | sejak
      | sudah\ \w+\ (?:hari|minggu|bulan|tahun) | pernah | bekas | dulu
      | bulan | tahun | tanggal
      | sering | rawan | kerap | setiap | tiap | bisa | dapat | takut | takutnya | khawatir | kuatir
      | bahaya | membahayakan | berpotensi | potensi | mencegah
      | jangan\ sampai | sebelum | agar | supaya | menyebabkan
      | mengakibatkan | menimbulkan | menjadi\ penyebab | resiko | risiko | rentan | kalau | jika | kalo | apabila
      | gawat\ darurat | lampu\ darurat | tanggap\ darurat | pintu\ darurat | nomor\ darurat | igd | ugd
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NOW = re.compile(
    r"\b(?:sekarang|skrg|sedang|lagi|barusan|baru\ saja|cepat|segera|tolong\s+cepat|help)\b|!!", re.IGNORECASE
)
_PROTECT = re.compile(
    r"""\b(?:
        (?:me|di|pe)?leceh\w* | pelecehan | cabul | pencabulan | dicabuli | mencabuli
      | perkosa\w* | diperkosa | pemerkosaan
      | kdrt | kekerasan | aniaya | dianiaya | penganiayaan | disiksa | penyiksaan | dipukul\w* | digebuk\w* | disekap
      | bunuh\ diri | mau\ mati | (?:diancam|ancaman)(?:\ (?:di)?bunuh)? | dibunuh
      | anak\ di\ ?bawah\ umur | eksploitasi | perdagangan\ orang | dibully | bully\w* | perundungan | dirundung
      | diperas | pemerasan
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def is_emergency(text: str) -> bool:
    """Whether somebody seems to be in danger at this moment, so that the reply must begin with whom to call."""
    if not _DANGER.search(text):
        return False
    return bool(_NOW.search(text)) or not _NOT_NOW.search(text)


def needs_protection(text: str) -> bool:
    """Whether the text speaks of violence, abuse or a child in danger: a person should read it first."""
    return bool(_PROTECT.search(text))
