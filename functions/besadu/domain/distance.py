"""How far two points of the earth are apart."""

from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH: Final = 6371.0  # km, mean radius


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two (latitude, longitude) in degrees, along a great circle (haversine)."""
    north, east = radians(other[0] - one[0]), radians(other[1] - one[1])
    half = sin(north / 2) ** 2 + cos(radians(one[0])) * cos(radians(other[0])) * sin(east / 2) ** 2
    return 2 * EARTH * asin(sqrt(min(1.0, half)))
