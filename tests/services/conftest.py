"""An office and the hands of its clock; and for all tests that send, the simulated Graph API."""

import threading
from collections.abc import Iterator

import pytest
import requests

from besadu.services.office import Office
from besadu_local.clock import Clock
from besadu_local.world.app import running
from besadu_local.world.client import Phone
from besadu_local.world.config import WorldSettings
from tests.factories import ACCOUNT, APP_SECRET, PHONE, Hands, an_office, closed_port, keep_head
from tests.services.network_case import Network


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def office(firestore_project: str, hands: Hands) -> Office:
    return an_office(firestore_project, hands.now)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Clock]]:
    """The address of the Graph API's server, and its clock."""
    state, port = tmp_path_factory.mktemp("world"), closed_port()
    settings = WorldSettings(
        state=state,
        public_url=f"http://127.0.0.1:{closed_port()}",
        graph_origin=f"http://127.0.0.1:{port}",
        app_secret=APP_SECRET,
        access_token="access-token-of-tests",
        phone_number_id=ACCOUNT,
    )
    with running(settings, port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{port}", Clock(state)
        server.shutdown()


@pytest.fixture
def network(world: tuple[str, Clock], firestore_project: str) -> Network:
    """With a citizen who has just written."""
    url, clock = world
    requests.post(f"{url}/control/reset", timeout=5).raise_for_status()
    office = an_office(firestore_project, clock.now, meta_graph_url=f"{url}/graph")
    Phone(url, PHONE).say("halo")
    keep_head(office)
    return Network(url, office, clock)
