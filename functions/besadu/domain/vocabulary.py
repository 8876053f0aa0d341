"""The words that citizens use, in their many spellings, and the commands that they make."""

from collections.abc import Mapping
from typing import Literal

Intent = Literal[
    "cancel",
    "change",
    "data",
    "dissatisfied",
    "done",
    "greeting",
    "help",
    "here",
    "history",
    "no",
    "none",
    "okay",
    "open",
    "person",
    "rate",
    "report",
    "satisfied",
    "status",
    "start",
    "stop",
    "thanks",
    "upload",
    "withdraw",
    "yes",
]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


SPELLINGS: Mapping[str, str] = {
    spelling: word
    for word, spellings in {
        "tidak": "ga gak gk g nggak ngga ngak engga enggak ndak nda dak tak tdk tda tdak tida kagak",
        "sudah": "sdh udh udah dah sudh suda",
        "belum": "blm blum belom blom lum",
        "karena": "krn karna krna soalnya sebab",
        "yang": "yg",
        "saya": "sy aku ane gue saye kami kamek",
        "bagaimana": "gimana gmn bgmn bgm gimane",
        "mana": "mn",
        "kasih": "ksh kasi",
        "terima": "trima terimah",
        "terimakasih": "makasih makasi mksh mkasih trims trimakasih thanks thank thx thnx tq ty tengkyu suwun kamsia",
        "oke": "ok okay okey okeh okee oks okk",
        "ya": "iya iye iyo yaa yes y yap yup yoi he'e",
        "benar": "bener bnr betul btul",
        "ubah": "rubah ubh edit ganti perbaiki koreksi revisi",
        "batal": "btl batalkan dibatalkan cancel",
        "selesai": "slsai slesai sls",
        "status": "stts sttus setatus",
        "laporan": "lapran lporan laporanku laporannya aduan pengaduan aduanku aduannya keluhan",
        "lapor": "melapor laporin laporkan melaporkan mengadu ngadu adukan lpr lapur besadu",
        "mau": "mo ingin pengen pingin izin ijin hendak nak",
        "punya": "pny",
        "ada": "ade ad",
        "assalamualaikum": "assalamualaikm asalamualaikum assalamu'alaikum asslamualaikum aslmkm ass samlekum",
        "selamat": "slmt met slamat",
        "pagi": "pgi",
        "malam": "mlm mlam",
        "nomor": "no nmr nomer",
        "sebentar": "bntr sbntr bentar",
    }.items()
    for spelling in spellings.split()
}
POLITE = _set(
    """
    pak bu bapak ibu bpk min mimin admin kak kakak bang abang mas mbak mba om tante bos gan bro sis dek dong ya
    deh sih nih kok lah saja aja tolong mohon please plis pls saya yth maaf dan untuk nya
    """
)
GREETING = _set(
    """
    halo hallo hai hay hi hello helo p assalamualaikum waalaikumsalam alaikum salam wr wb warahmatullahi
    wabarakatuh selamat pagi siang sore malam petang permisi misi punten tes test testing cek apa kabar shalom
    """
)
THANKS = _set(
    """
    terima kasih terimakasih banyak sangat sekali atas bantuan bantuannya infonya informasinya responnya nuhun
    syukur alhamdulillah sama semoga sukses sehat selalu amin aamiin barokah berkah
    """
)
OKAY = _set(
    """
    oke siap sip baik mantap noted paham mengerti ditunggu tunggu menunggu nanti sebentar bentar dulu menyusul
    kabarnya mau tanya bertanya numpang sudah hehe haha wkwk hihi hmm oh o ooh wah
    """
)

# Whole messages, in the plain form of understanding._words; politeness around them does not matter.
COMMANDS: Mapping[Intent, str] = {
    "yes": """
        ya | benar | ya benar | sudah benar | ya sudah benar | ya sudah | setuju | ya setuju | kirim | ya kirim |
        kirimkan | lanjut | lanjutkan | ya lanjut | ya oke | oke ya | oke kirim | oke lanjut | benar semua | ya sesuai
        | data benar | oke benar | gas
    """,
    "no": """
        tidak | tidak benar | salah | bukan | tidak usah | tidak mau | no | tidak jadi benar | masih salah |
        ada yang salah
    """,
    "change": "ubah | ubah data | mau ubah | ubah laporan | ada yang mau ubah | ubah dulu | mau mengubah",
    "cancel": """
        batal | batal laporan | tidak jadi | tidak jadi lapor | mau batal | hapus laporan | hapus draf | batal lapor
    """,
    "done": """
        selesai | sudah selesai | sudah | itu saja | sudah itu saja | cukup | sudah cukup | cukup sekian | sekian |
        sekian terimakasih | sekian terima kasih | sudah semua | hanya itu | cuma itu | itu | sudah dikirim |
        sudah saya kirim
    """,
    "none": """
        tidak ada | tidak ada bukti | tidak punya | tidak punya bukti | tidak ada foto | tidak punya foto |
        tidak ada buktinya | tidak ada fotonya | belum ada | belum ada bukti | belum ada foto | belum punya foto |
        tanpa bukti | tanpa foto | kosong | nihil | tidak ada video | tidak ada foto dan video | tidak ada bukti foto
        | tidak sempat foto | tidak sempat memfoto | lewati | skip | tidak bisa foto | tidak ada lampiran |
        tidak ada bukti pendukung | saat ini tidak ada | sementara tidak ada | tidak ada lagi
    """,
    "person": """
        petugas | mau bicara petugas | bicara petugas | bicara dengan petugas | mau bicara dengan petugas |
        hubungi petugas | sambungkan ke petugas | minta petugas | operator | cs | bicara dengan orang |
        bicara dengan manusia | bicara dengan admin | bisa bicara dengan petugas | mau bicara dengan admin |
        hubungkan ke petugas | hubungkan dengan petugas | telepon saya | mau tanya petugas | panggil petugas
    """,
    "help": """
        bantuan | help | menu | cara lapor | bagaimana cara lapor | cara pakai | panduan | petunjuk |
        bagaimana caranya | info | butuh bantuan | perlu bantuan | minta bantuan | cara membuat laporan |
        bagaimana cara membuat laporan | apa ini | ini apa | ini siapa | ini nomor apa | lapor itu apa |
        apa itu lapor | fitur | perintah
    """,
    "report": """
        lapor | mau lapor | bisa lapor | apakah bisa lapor | apakah bisa lapor disini | apakah bisa lapor di sini
        | boleh lapor | buat laporan | buat laporan baru | laporan baru | lapor baru | lapor lagi | mau lapor lagi
        | mau buat laporan | mau membuat laporan | mau buat laporan baru | laporan | ada laporan | mau laporan
        | bikin laporan | mau bikin laporan | lapor disini | mau lapor disini | mau lapor di sini | bisa lapor disini
        | bisa lapor di sini | mau menyampaikan laporan | menyampaikan laporan | ada yang mau saya lapor
        | mau lapor sesuatu
    """,
    "satisfied": """
        puas | sudah puas | sangat puas | cukup puas | puas sekali | sudah sesuai | sesuai | sudah baik | sudah beres
        | beres | sudah bagus | sudah oke | sudah diperbaiki | sudah ditangani | sudah memuaskan | memuaskan
    """,
    "dissatisfied": """
        belum | belum puas | tidak puas | kurang puas | belum sesuai | tidak sesuai | belum selesai | belum beres |
        tidak memuaskan | mengecewakan | kecewa | sangat kecewa
    """,
    "here": """
        jawab di sini | jawab disini | balas di sini | balas disini | kabari di sini | kabari disini |
        kirim jawaban di sini | kirim jawaban disini | jawaban di sini | jawaban disini
    """,
    "upload": """
        kirim file besar | kirim berkas besar | kirim video besar | file besar | berkas besar | video besar
        | mau kirim file besar | mau kirim berkas besar | mau kirim video besar | file terlalu besar
        | berkas terlalu besar | video terlalu besar | filenya besar | filenya terlalu besar | videonya besar
        | videonya terlalu besar | unggah | upload | unggah berkas | unggah file | unggah video | upload file
        | upload video | tautan unggah | link upload
    """,
    "start": "mulai | start | mulai lagi | kirim kabar lagi",
    "open": "buka | buka pesan | buka jawaban | lihat jawaban | baca jawaban | tampilkan jawaban",
    "history": "riwayat | riwayat laporan | riwayat saya | lihat riwayat",
    "data": """
        data saya | hapus data | hapus data saya | lihat data saya | data pribadi saya | hapus data pribadi saya |
        data pribadi | minta data saya | data
    """,
    "stop": """
        berhenti | stop | berhenti berlangganan | unsubscribe | jangan hubungi saya | jangan kirim pesan lagi
    """,
    "status": """
        bagaimana laporan saya | laporan saya bagaimana | sudah sampai mana | sampai mana laporan saya | cek laporan
        | cek laporan saya | lihat laporan saya | kabar laporan saya | apa kabar laporan saya
        | bagaimana kabar laporan saya | laporan saya sampai mana | laporan saya sudah sampai mana
    """,
    "greeting": "ada orang | apakah aktif | apakah masih aktif | masih aktif | aktif | ada petugas | apakah ada orang",
    "okay": """
        saya tunggu | nanti saya kirim | sebentar saya kirim | nanti saya kirimkan | tunggu sebentar | nanti menyusul
        | baik saya tunggu | oke saya tunggu | sama sama | terserah
    """,
}
PHRASES: Mapping[str, Intent] = {
    " ".join(phrase.split()): intent for intent, phrases in COMMANDS.items() for phrase in phrases.split("|")
}
MENDED = ("status", "selesai", "petugas", "bantuan", "riwayat", "batal", "lapor")  # long enough to be told apart
STATUS_CORE = _set("status perkembangan progres progress")
STATUS_WORDS = STATUS_CORE | _set(
    """
    cek lihat tanya bagaimana laporan tiket nomor sampai mana sudah ini kabar dari tentang hasil bsd mau bisa apa
    """
)
WITHDRAW_WORDS = _set("cabut tarik mencabut laporan tiket nomor mau kembali bsd")
VERDICTS: tuple[tuple[Intent, tuple[str, ...]], ...] = (
    (
        "dissatisfied",
        ("belum", "tidak puas", "kurang puas", "tidak sesuai", "kurang sesuai", "tidak memuaskan", "kecewa"),
    ),
    ("satisfied", ("puas", "sudah puas", "sangat puas", "cukup puas", "sudah sesuai", "sudah beres", "sudah baik")),
)
RESERVES = _set("tapi tetapi namun cuma belum masih tidak kurang kecuali hanya")

# Words that carry no story of their own around a place, a time, a number or a file.
AROUND = _set(
    """
    di ke dari pada yang ini itu ada sini situ sana adalah yaitu berikut desa dusun kelurahan kecamatan kabupaten
    kec kel daerah wilayah kampung lokasi lokasinya tempat tempatnya tempatnye alamat alamatnya kejadian
    kejadiannya waktu waktunya tanggal tanggalnya sejak sekitar mulai pukul jam hari nik ktp nomor nama foto
    fotonya cepat segera lekas sekarang gambar bukti buktinya video videonya kirim kirimkan lampiran dekat depan
    tanya mau bisa boleh lapor laporan info
    """
)
