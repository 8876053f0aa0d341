"""Whether two files are the same, or two pictures look the same: a photo that proves another complaint proves nothing.

A look is 64 bits. Two that differ in at most three have at least one of their four quarters in common, so equal
quarters are what an index has to find: no file is compared with all others.
"""

from typing import Final

from besadu.domain.evidence import Evidence

MOST_DIFFERENT: Final = 4  # bits of 64 between two pictures that are the same one, scaled or compressed anew
MOST_TWINS: Final = 5
_QUARTER: Final = 4  # hexadecimal digits


def prints(sha256: str, look: str) -> tuple[str, ...]:
    """What this file is found by: its checksum, and the four quarters of its look."""
    quarters = [f"{at}:{look[at : at + _QUARTER]}" for at in range(0, len(look), _QUARTER)]
    return (sha256[:32], *quarters) if sha256 else tuple(quarters)


def alike(one: Evidence, other: Evidence) -> bool:
    """Whether these are the same file, or the same picture."""
    if one.sha256 and one.sha256 == other.sha256:
        return True
    if not one.look or not other.look:
        return False
    return (int(one.look, 16) ^ int(other.look, 16)).bit_count() <= MOST_DIFFERENT
