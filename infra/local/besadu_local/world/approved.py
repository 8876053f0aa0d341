"""The message templates as they are approved at Meta: what the person reads, and the one button under it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Approved:
    """``body`` holds {{1}}, {{2}} …; ``url`` is the button's address, to which the sender adds a suffix."""

    language: str = "id"
    body: str
    quick_reply: str = ""
    url_title: str = ""
    url: str = ""

    @property
    def values(self) -> int:
        return len(set(re.findall(r"\{\{(\d+)\}\}", self.body)))

    def text(self, values: Sequence[str]) -> str:
        """The body with its values filled in."""
        return re.sub(r"\{\{(\d+)\}\}", lambda mark: values[int(mark[1]) - 1], self.body)


def approved(public_url: str) -> dict[str, Approved]:
    """All templates by name. The button leads to the desk of the one ticket."""
    desk = f"{public_url.rstrip('/')}/assignment/t/"
    return {
        "disposisi_baru": Approved(
            body="Yth. pejabat penghubung {{1}}.\n\n"
            "Ada disposisi baru *{{2}}*: \u201c{{3}}\u201d.\nTenggat jawaban: {{4}}.\n\n"
            "Mohon terima, kembalikan dengan alasan, atau jawab lewat tombol di bawah. Tautan ini hanya untuk Anda.",
            url_title="Buka disposisi",
            url=desk,
        ),
        "eskalasi": Approved(
            body="Yth. {{1}}.\n\nLaporan *{{2}}* pada {{3}} sudah melewati tenggat {{4}} hari kerja.\n\n"
            "Mohon arahan Bapak/Ibu. Pesan ini dikirim otomatis sesuai SOP BESADU.",
        ),
        "jawaban_tersedia": Approved(
            body="Laporan Bapak/Ibu nomor *{{1}}* sudah mendapat jawaban. Tekan BUKA untuk membacanya di sini.",
            quick_reply="BUKA",
        ),
        "kabar_laporan": Approved(
            body="Kabar laporan *{{1}}*: {{2}}\n\nBalas pesan ini bila ada yang ingin disampaikan.",
        ),
        "pengingat_opd": Approved(
            body="Yth. pejabat penghubung {{1}}.\n\nDisposisi *{{2}}* \u201c{{3}}\u201d jatuh tempo {{4}} ({{5}}).\n\n"
            "Mohon terima, kembalikan dengan alasan, atau jawab lewat tombol di bawah. Tautan ini hanya untuk Anda.",
            url_title="Buka disposisi",
            url=desk,
        ),
    }
