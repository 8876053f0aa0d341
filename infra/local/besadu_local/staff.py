"""The people who can sign in on this machine: one of each role, and an officer for each of three agencies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody of the office. ``role`` and ``agency`` are for the seed; the provider knows nothing of them."""

    email: str
    name: str
    role: str
    agency: str = ""  # the OPD's short name, for officers


STAFF = (
    Person("admin@belitung.example", "Sari Wulandari", "admin"),
    Person("dishub@belitung.example", "Hendra Saputra", "officer", "DISHUB"),
    Person("dpupr@belitung.example", "Rudi Hartono", "officer", "DPUPR"),
    Person("dlh@belitung.example", "Yuliana Safitri", "officer", "DLH"),
    Person("pimpinan@belitung.example", "Bambang Iskandar", "leader"),
    Person("pemeriksa@belitung.example", "Dewi Lestari", "auditor"),
    Person("pengelola@belitung.example", "Agus Pratama", "manager"),
)
