"""A NIK on its way in: sealed, indexed and masked, whichever channel or form it came by."""

from collections.abc import Callable
from datetime import datetime

from besadu import vault
from besadu.config import Settings
from besadu.domain import nik
from besadu.domain.complaint import HeldNik
from besadu.domain.deadlines import WIB


def sealer(settings: Settings, now: datetime) -> Callable[[str], HeldNik]:
    """What turns the sixteen digits of a valid NIK into what we keep of it."""
    today = now.astimezone(WIB).date()

    def seal(digits: str) -> HeldNik:
        checked = nik.check(digits, today)
        return HeldNik(
            sealed=vault.seal(settings.nik_public_key, digits.encode()),
            indexes=vault.indexes(settings.nik_index_key, digits),
            masked=nik.masked(digits),
            minor=isinstance(checked, nik.Nik) and nik.is_minor(checked, today),
            district_unknown=isinstance(checked, nik.Nik) and not checked.district_known,
        )

    return seal
