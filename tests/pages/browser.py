"""A staff person in front of the console, as far as HTTP goes."""

from collections.abc import Callable
from typing import Any

from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from besadu.identity import Sessions
from tests.services.console_case import Cast


class Browser:
    """Somebody at the console; ``key`` goes along with each form, as from our own page. No role: not signed in."""

    def __init__(self, app: Flask, cast: Cast, role: str = "") -> None:
        self.client: FlaskClient = app.test_client()
        self.key = ""
        if role:
            sessions = Sessions(cast.office.settings)
            session = sessions.open(cast.staff[role], cast.hands.now())
            self.client.set_cookie("besadu", sessions.write(session))
            self.key = session.form_key

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **more)

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
        return self.client.post(path, data={"form_key": self.key, **fields}, headers=headers)


Sits = Callable[[str], Browser]


def read(answer: TestResponse) -> BeautifulSoup:
    """The page as a browser would read it."""
    return BeautifulSoup(answer.text, "html5lib")
