"""The console over an office with complaints in hand, and a browser for each role."""

import pytest
from flask import Flask

from besadu.pages.console import create_app
from besadu_local.stack import Stack
from tests.pages.browser import Browser, Sits
from tests.services.console_case import Cast, a_cast


@pytest.fixture
def cast(stack: Stack) -> Cast:
    return a_cast(stack)


@pytest.fixture
def app(cast: Cast) -> Flask:
    return create_app(cast.office, cast.media)


@pytest.fixture
def sits(app: Flask, cast: Cast) -> Sits:
    return lambda role: Browser(app, cast, role)
