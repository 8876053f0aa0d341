"""Indonesia's provinces, regencies and cities by Kemendagri's codes (Kepmendagri 300.2.2-2138/2025), as in a NIK."""

# Kemendagri's codes: province -> (last regency, last city). Regencies are numbered from 01, cities from 71, and the
# spans are filled up on purpose: numbers that are free today belonged to regencies that moved to a younger province
# (North Kalimantan from 64, four Papuan provinces from 91 and 92), and their people keep the old number for life.
_LAST_NUMBERS: dict[str, tuple[int, int]] = {
    "11": (18, 75),  # Aceh
    "12": (25, 78),  # Sumatera Utara
    "13": (12, 77),  # Sumatera Barat
    "14": (10, 72),  # Riau
    "15": (9, 72),  # Jambi
    "16": (13, 74),  # Sumatera Selatan
    "17": (9, 71),  # Bengkulu
    "18": (13, 72),  # Lampung
    "19": (6, 71),  # Kepulauan Bangka Belitung
    "21": (5, 72),  # Kepulauan Riau
    "31": (1, 75),  # DKI Jakarta
    "32": (18, 79),  # Jawa Barat
    "33": (29, 76),  # Jawa Tengah
    "34": (4, 71),  # DI Yogyakarta
    "35": (29, 79),  # Jawa Timur
    "36": (4, 74),  # Banten
    "51": (8, 71),  # Bali
    "52": (8, 72),  # Nusa Tenggara Barat
    "53": (21, 71),  # Nusa Tenggara Timur
    "61": (12, 72),  # Kalimantan Barat
    "62": (13, 71),  # Kalimantan Tengah
    "63": (11, 72),  # Kalimantan Selatan
    "64": (11, 74),  # Kalimantan Timur
    "65": (4, 71),  # Kalimantan Utara
    "71": (11, 74),  # Sulawesi Utara
    "72": (12, 71),  # Sulawesi Tengah
    "73": (26, 73),  # Sulawesi Selatan
    "74": (15, 72),  # Sulawesi Tenggara
    "75": (5, 71),  # Gorontalo
    "76": (6, 70),  # Sulawesi Barat, no city
    "81": (9, 72),  # Maluku
    "82": (8, 72),  # Maluku Utara
    "91": (28, 71),  # Papua
    "92": (12, 71),  # Papua Barat
    "93": (4, 70),  # Papua Selatan
    "94": (8, 70),  # Papua Tengah
    "95": (8, 70),  # Papua Pegunungan
    "96": (5, 71),  # Papua Barat Daya
}
_BELITUNG = "1902"
_BELITUNG_DISTRICTS = frozenset({"01", "02", "03", "04", "05"})


def is_known(code: str) -> bool:
    """Whether four digits, province and regency, are or were a regency or city."""
    last_regency, last_city = _LAST_NUMBERS.get(code[:2], (0, 0))
    number = int(code[2:4])
    return 1 <= number <= last_regency or 71 <= number <= last_city


def is_known_district(code: str) -> bool:
    """Whether the last two of six digits are a district. Strict for Belitung only.

    A list of all 7,000 districts would refuse the old ones that it no longer holds.
    """
    district = code[4:6]
    return district in _BELITUNG_DISTRICTS if code[:4] == _BELITUNG else district != "00"
