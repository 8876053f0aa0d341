"""Settings: what a door needs stops its start when it is missing, and what it does not need it never sees."""

import re
from dataclasses import fields

import pytest

from besadu import config
from besadu.config import NEEDS, OPTIONAL, TUNABLE, Settings, load, secrets_of
from besadu.errors import MissingSetting

ALL = {field.name.upper(): f"value-of-{field.name}" for field in fields(Settings)}


@pytest.mark.parametrize("door", NEEDS)
def test_a_door_starts_with_what_it_needs_and_gets_nothing_else(door: str) -> None:
    settings = load(ALL, door)
    emulators = {name for name in ALL if name.endswith("_EMULATOR_HOST")}
    for field in fields(Settings):
        given = getattr(settings, field.name)
        optional = {name for group in OPTIONAL.get(door, ()) for name in group}
        if field.name in NEEDS[door] or field.name in optional or field.name.upper() in emulators:
            assert given == ALL[field.name.upper()]
        elif field.name not in TUNABLE.get(door, ()):
            assert given == field.default


@pytest.mark.parametrize("door", NEEDS)
def test_each_missing_setting_stops_the_start_with_its_name(door: str) -> None:
    defaults = {field.name: field.default for field in fields(Settings)}
    for name in NEEDS[door]:
        if defaults[name]:
            continue
        for empty in (None, "", "  "):
            environ = {key: value for key, value in ALL.items() if key != name.upper()}
            if empty is not None:
                environ[name.upper()] = empty
            with pytest.raises(MissingSetting, match=rf"^{door} cannot start: {re.escape(name.upper())} not set$"):
                load(environ, door)


@pytest.mark.parametrize(("door", "group"), [(door, group) for door, groups in OPTIONAL.items() for group in groups])
def test_a_channel_is_connected_wholly_or_not_at_all(door: str, group: tuple[str, ...]) -> None:
    without = {name: value for name, value in ALL.items() if name.lower() not in group}
    assert all(getattr(load(without, door), name) == "" for name in group)
    for name in group[1:]:
        with pytest.raises(MissingSetting, match=name.upper()):
            load({**without, group[0].upper(): "set"}, door)


@pytest.mark.parametrize(
    ("door", "group"), [(door, group) for door, groups in OPTIONAL.items() for group in groups if len(group) > 1]
)
def test_an_optional_channel_is_connected_wholly_or_not_at_all(door: str, group: tuple[str, ...]) -> None:
    needed = {name.upper(): "x" for name in NEEDS[door]}
    assert all(getattr(load(needed, door), name) == "" for name in group)
    with pytest.raises(MissingSetting, match=group[-1].upper()):
        load(needed | {group[0].upper(): "x"}, door)


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(MissingSetting, match="GOOGLE_CLOUD_PROJECT, INVOKER_ACCOUNT, LINK_KEY, META_APP_SECRET"):
        load({}, "intake")


def test_what_every_door_needs_is_a_setting() -> None:
    known = {field.name for field in fields(Settings)}
    assert all(set(needs) <= known for needs in NEEDS.values())


def test_only_the_console_can_open_a_nik_and_only_delivery_and_attachments_speak_to_meta() -> None:
    assert [door for door, needs in NEEDS.items() if "nik_decrypt_key" in needs] == ["console"]
    assert [door for door, needs in NEEDS.items() if "meta_access_token" in needs] == ["attachments", "delivery"]
    assert [door for door, needs in NEEDS.items() if "oidc_client_secret" in needs] == ["console"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", ()), ("  ", ()), (",", ()), ("a", (b"a",)), ("new, old", (b"new", b"old")), ("new,", (b"new",))],
)
def test_a_secret_holds_one_value_or_two_and_an_unset_one_verifies_nothing(
    value: str, expected: tuple[bytes, ...]
) -> None:
    assert secrets_of(value) == expected


def test_the_graph_api_is_pinned_to_a_version() -> None:
    assert re.fullmatch(r"https://graph\.facebook\.com/v\d+\.\d+", config.GRAPH_URL)
