"""E-mail to posts, sent to the platform's own mail server over real SMTP."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from besadu.channels import CHANNELS, mail
from besadu.config import Settings
from besadu.domain.message import Address, Outgoing
from besadu_local.clock import Clock
from besadu_local.ports import HOST, free_port
from besadu_local.world.config import SmtpSettings, WorldSettings
from besadu_local.world.mail import MailServer
from besadu_local.world.store import Row, WorldStore
from besadu_local.world.tabs import World
from besadu_local.world.webhooks import Webhooks
from tests.factories import closed_port, some_settings

TO = "wakil.dishub@belitung.example"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    state = tmp_path_factory.mktemp("mail")
    settings = WorldSettings(
        state=state,
        public_url="http://127.0.0.1:9",
        graph_origin="http://127.0.0.1:9",
        app_secret="s",
        access_token="t",
        phone_number_id="1",
        smtp=SmtpSettings(port=free_port(set()), user="besadu", password="right"),
    )
    store = WorldStore(state)
    world = World(settings=settings, store=store, webhooks=Webhooks(store, settings), clock=Clock(state))
    server = MailServer(world)
    yield world
    server.close()
    store.close()


def settings_for(world: World, **changes: str) -> Settings:
    base = {
        "smtp_host": HOST,
        "smtp_port": str(world.settings.smtp.port),
        "smtp_user": "besadu",
        "smtp_password": "right",
        "smtp_from": "BESADU Belitung <besadu@belitung.example>",
    }
    return some_settings("mail", **{**base, **changes})


def a_letter(to: str = TO, **changes: Any) -> Outgoing:
    fields = {
        "outbox_id": "a" * 40,
        "subject": "BESADU: 2 laporan menunggu",
        "text": "Yth. wakil,\n\ndua laporan §, ä",
        **changes,
    }
    return Outgoing(address=Address(channel="email", account="", user_id=to), **fields)


def box(world: World, address: str = TO) -> list[Row]:
    query = "select * from messages join people on people.id = messages.person where address = ? order by seq"
    return world.store.rows(query, address)


def test_the_registry_knows_it() -> None:
    assert CHANNELS["email"] is mail


def test_a_letter_arrives_with_its_subject_and_its_letters(world: World) -> None:
    result = CHANNELS["email"].send(a_letter(), settings=settings_for(world))
    assert (result.outcome, result.provider_id) == ("sent", f"<{'a' * 40}@belitung.example>")
    assert box(world)[-1]["text"] == "*BESADU: 2 laporan menunggu*\n\nYth. wakil,\n\ndua laporan §, ä"


def test_the_same_message_a_second_time_is_known_by_its_id(world: World) -> None:
    for _ in range(2):
        assert mail.send(a_letter(outbox_id="b" * 40), settings=settings_for(world)).outcome == "sent"
    assert [row["id"].split("@")[0] for row in box(world)].count(f"<{'b' * 40}") == 1


@pytest.mark.parametrize(
    ("address", "outcome", "code"),
    [
        ("tidak.ada@belitung.example", "permanent", "smtp_550"),
        ("sibuk@belitung.example", "retry", "smtp_451"),
        ("tanpa-alamat", "bug", "no_address"),
        ("a@b.example\nBcc: c@d.example", "bug", "no_address"),
    ],
)
def test_a_refusal_says_whether_to_try_again_and_names_nobody(
    world: World, address: str, outcome: str, code: str
) -> None:
    result = mail.send(a_letter(address), settings=settings_for(world))
    assert (result.outcome, result.error_code) == (outcome, code)
    assert "@" not in result.error_text


def test_a_wrong_password_is_an_operators_task(world: World) -> None:
    result = mail.send(a_letter(), settings=settings_for(world, smtp_password="wrong"))
    assert (result.outcome, result.error_code) == ("unauthorised", "smtp_535")


def test_during_a_rotation_the_newer_password_is_used(world: World) -> None:
    assert mail.send(a_letter(), settings=settings_for(world, smtp_password="right,old")).outcome == "sent"


def test_nobody_there_is_tried_again_and_no_settings_are_not(world: World) -> None:
    away = settings_for(world, smtp_port=str(closed_port()))
    assert mail.send(a_letter(), settings=away).outcome == "retry"
    assert mail.send(a_letter(), settings=settings_for(world, smtp_host="")).error_code == "no_smtp"


def test_another_machine_must_speak_tls(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without STARTTLS on a host that is not this one gets no letter and no password."""
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *rest, **more: real(HOST, *rest, **more))
    before = len(box(world))
    result = mail.send(a_letter(), settings=settings_for(world, smtp_host="mail.belitung.example"))
    assert (result.outcome, result.error_code) == ("unauthorised", "tls")
    assert len(box(world)) == before


def test_a_subject_cannot_add_headers(world: World) -> None:
    mail.send(a_letter(outbox_id="c" * 40, subject="BESADU\nBcc: c@d.example"), settings=settings_for(world))
    assert box(world)[-1]["text"].startswith("*BESADU Bcc: c@d.example*")
    assert box(world, "c@d.example") == []
