"""What a photo says of itself, beside the picture: signs for an admin, no proof. A phone's clock may be wrong."""

from datetime import datetime
from typing import Final

from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import WIB, datetime_text
from besadu.domain.distance import kilometres
from besadu.domain.evidence import Evidence

NEAR: Final = 0.5  # km; what a phone's position may be off
OLD: Final = 30  # days before the report


def signs_of(item: Evidence, complaint: Complaint) -> tuple[str, ...]:
    """When it was taken and how far from the reported place, each a sentence; empty when it does not say."""
    return tuple(sign for sign in (_when(item, complaint), _where(item, complaint)) if sign)


def _when(item: Evidence, complaint: Complaint) -> str:
    try:
        taken = datetime.fromisoformat(item.taken_at).replace(tzinfo=WIB)
    except ValueError:
        return ""
    days = (complaint.created_at - taken).days
    late = f", {days} hari sebelum laporan" if days > OLD else ""
    return f"Foto diambil {datetime_text(taken)} menurut jam kamera{late}."


def _where(item: Evidence, complaint: Complaint) -> str:
    place = complaint.place
    if item.latitude is None or item.longitude is None:
        return ""
    if place.latitude is None or place.longitude is None:
        return f"Tempat foto menurut kamera: {item.latitude:.5f}, {item.longitude:.5f}."
    far = kilometres((item.latitude, item.longitude), (place.latitude, place.longitude))
    if far < NEAR:
        return "Diambil di sekitar lokasi laporan menurut kamera."
    return f"Diambil {far:.1f} km dari lokasi laporan menurut kamera.".replace(".", ",", 1)
