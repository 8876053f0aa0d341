import pytest

from besadu.domain import regions


@pytest.mark.parametrize("code", ["1101", "1902", "1906", "1971", "3171", "3579", "6504", "7606", "9171", "9671"])
def test_regencies_and_cities_of_today_are_known(code: str) -> None:
    assert regions.is_known(code)


@pytest.mark.parametrize("code", ["6404", "6473", "7321", "9128", "9271"])
def test_codes_that_moved_to_a_younger_province_stay_known(code: str) -> None:
    assert regions.is_known(code)


@pytest.mark.parametrize("code", ["0000", "1000", "1900", "1907", "1970", "1972", "5401", "7671", "9371", "9701"])
def test_codes_that_never_were_are_not_known(code: str) -> None:
    assert not regions.is_known(code)


def test_districts_are_strict_for_belitung_alone() -> None:
    assert regions.is_known_district("190205")
    assert not regions.is_known_district("190206")
    assert regions.is_known_district("317199")
    assert not regions.is_known_district("317100")
