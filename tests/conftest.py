"""What tests share: the fence around the network, the Firestore emulator, and the whole platform on free ports.

One of each a pytest-xdist worker. Nothing is cleaned between tests: a test takes a project id or a citizen of its own.
"""

import ipaddress
import secrets
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from besadu_local import emulator as firestore_emulator
from besadu_local.stack import Stack


class NetworkFenced(Exception):
    """A test wanted to leave this machine."""


def _is_outside(address: Any) -> bool:
    if not isinstance(address, tuple):
        return False  # a Unix socket
    host = str(address[0])
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host not in {"localhost", ""}


@pytest.fixture(scope="session", autouse=True)
def network_fence() -> Iterator[None]:
    """No connection but to loopback; a test that tries fails."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            real = getattr(socket.socket, name)

            def fenced(self: socket.socket, address: Any, real: Any = real) -> Any:
                if _is_outside(address):
                    message = f"tests stay on this machine, and this one wanted {address!r}"
                    raise NetworkFenced(message)
                return real(self, address)

            patch.setattr(socket.socket, name, fenced)
        # A developer's own settings must not reach a test.
        for name in (
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_CLOUD_PROJECT",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "http_proxy",
            "https_proxy",
        ):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Firestore emulator's ``host:port``; google-cloud-firestore in this process finds it by itself."""
    with pytest.MonkeyPatch.context() as patch, firestore_emulator.alone(tmp_path_factory.mktemp("firestore")) as host:
        patch.setenv("FIRESTORE_EMULATOR_HOST", host)
        yield host


@pytest.fixture
def firestore_project(emulator: str) -> str:  # noqa: ARG001 - it must run, its address is in the environment
    """A project id that nobody has used: an empty database."""
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, emulator: str) -> Iterator[Stack]:
    """The whole platform; ``stack.sweep()`` instead of a timer. Google's clients in this process find its parts too."""
    with pytest.MonkeyPatch.context() as patch, Stack(tmp_path_factory.mktemp("stack"), firestore=emulator) as running:
        patch.setenv("STORAGE_EMULATOR_HOST", running.settings["STORAGE_EMULATOR_HOST"])
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", running.process_environ()["GOOGLE_APPLICATION_CREDENTIALS"])
        yield running
        assert running.failure() is None
