import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from besadu.channels import http
from besadu.channels.addresses import Checked, allow
from besadu.channels.meta import GRAPH_HOSTS
from besadu.channels.send_api import CDN_HOSTS
from besadu.errors import MediaGone, Unavailable

HOSTS = CDN_HOSTS | GRAPH_HOSTS
CONFIGURED = "https://graph.facebook.com/v26.0"
GOOD = "https://scontent.xx.fbcdn.net/v/photo.jpg?oh=1&oe=2"

HOSTILE = [
    "http://scontent.xx.fbcdn.net/a.jpg",  # no TLS
    "https://scontent.xx.fbcdn.net:8443/a.jpg",
    "https://scontent.xx.fbcdn.net:0/a.jpg",
    "https://scontent.xx.fbcdn.net:99999/a.jpg",
    "https://scontent.xx.fbcdn.net:4 43/a.jpg",
    "https://evil.example/a.jpg",
    "https://fbcdn.net.evil.example/a.jpg",
    "https://evilfbcdn.net/a.jpg",
    "https://fbcdn.net/a.jpg",  # "*.fbcdn.net" is below it
    "https://.fbcdn.net.evil.example/",
    "https://graph.facebook.com.evil.example/",
    "https://scontent.xx.fbcdn.net@evil.example/a.jpg",
    "https://evil.example@scontent.xx.fbcdn.net/a.jpg",
    "https://user:pass@scontent.xx.fbcdn.net/a.jpg",
    "https://scontent.xx.fbcdn.net%40evil.example/a.jpg",
    "https://evil.example%2f.fbcdn.net/a.jpg",
    "https://evil.example%00.fbcdn.net/a.jpg",
    "https://evil.example\\.fbcdn.net/a.jpg",
    "https://evil.example\\@scontent.xx.fbcdn.net/a.jpg",
    "https://evil.example#@scontent.xx.fbcdn.net/a.jpg",
    "https://evil.example?@scontent.xx.fbcdn.net/a.jpg",
    "https:/\\evil.example/a.jpg",
    "https:evil.example",
    "//scontent.xx.fbcdn.net/a.jpg",
    "scontent.xx.fbcdn.net/a.jpg",
    "https://",
    "",
    "https://[",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[fe80::1%25eth0]/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",  # 127.0.0.1 in decimal
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://localhost/",
    "https://169.254.169.254/computeMetadata/v1/",
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
    "https://10.0.0.1/",
    "file:///etc/passwd",
    "gopher://scontent.xx.fbcdn.net/1",
    "ftp://scontent.xx.fbcdn.net/a.jpg",
    "data:text/html,<script>1</script>",
    "javascript:alert(1)",
    "HTTPS://evil.example/a.jpg",
    "https://scontent.xx.fbcdn.net\r\nHost: evil.example/a.jpg",
    "https://scontent.xx.fbcdn.net /a.jpg",
    "https://scontent.xx.fbcdn.net\t/a.jpg",
    "https://scontent.xx.fbcdn。net/a.jpg",
    "https://ｓcontent.xx.fbcdn.net/a.jpg",  # noqa: RUF001 - a letter that some normalise
    "https://graph.facebook.com:8443/v26.0/1",
    "http://graph.facebook.com/v26.0/1",
]

# What a meddled name service might answer for a host that is listed.
PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.9",
    "192.168.1.1",
    "100.64.0.1",  # carrier-grade NAT
    "169.254.169.254",
    "169.254.170.2",
    "0.0.0.0",  # noqa: S104 - an answer, nothing listens
    "255.255.255.255",
    "224.0.0.1",
    "198.18.0.1",
    "192.0.2.7",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",  # a cloud's metadata
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::a9fe:a9fe",  # 169.254.169.254 through NAT64
    "2002:7f00:1::",  # 127.0.0.1 through 6to4
    "2001:0:4136:e378:8000:63bf:807f:fffe",  # Teredo
    "2001:db8::1",
]


def resolving(patch: pytest.MonkeyPatch, *machines: str) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (machine, 443)) for machine in machines]
    patch.setattr("socket.getaddrinfo", lambda *_, **__: rows)


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 40


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_not_fetched(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    resolving(monkeypatch, "157.240.1.1")
    with pytest.raises(MediaGone, match="address_not_allowed"):
        allow(url, hosts=HOSTS, configured=CONFIGURED)


@pytest.mark.parametrize("machine", PRIVATE)
@pytest.mark.parametrize("url", [GOOD, f"{CONFIGURED}/123"])
def test_a_listed_name_with_a_private_address_is_not_fetched(
    monkeypatch: pytest.MonkeyPatch, url: str, machine: str
) -> None:
    for machines in ((machine,), ("157.240.1.1", machine)):
        resolving(monkeypatch, *machines)
        with pytest.raises(MediaGone, match="address_not_allowed"):
            allow(url, hosts=HOSTS, configured=CONFIGURED)


def test_a_good_address_is_bound_to_the_machine_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "157.240.1.1", "2a03:2880:f003:c07:face:b00c::2")
    assert allow(GOOD, hosts=HOSTS, configured=CONFIGURED) == Checked(
        url=GOOD, host="scontent.xx.fbcdn.net", machine="157.240.1.1"
    )
    resolving(monkeypatch, "2a03:2880:f003:c07:face:b00c::2")
    assert allow(GOOD, hosts=HOSTS, configured=CONFIGURED).machine == "2a03:2880:f003:c07:face:b00c::2"


def test_a_name_that_cannot_be_resolved_now_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr("socket.getaddrinfo", fails)
    with pytest.raises(Unavailable):
        allow(GOOD, hosts=HOSTS, configured=CONFIGURED)


def test_only_settings_that_name_this_machine_lead_to_it() -> None:
    emulator = "http://127.0.0.1:9001/graph"
    assert allow("http://127.0.0.1:9001/x", hosts=HOSTS, configured=emulator).machine == ""
    for url in ("http://127.0.0.1:9002/x", "http://localhost:9001/x", "https://127.0.0.1:9001/x"):
        with pytest.raises(MediaGone):
            allow(url, hosts=HOSTS, configured=emulator)
    with pytest.raises(MediaGone):
        allow("http://10.0.0.1/x", hosts=HOSTS, configured="http://10.0.0.1/")


@pytest.fixture
def cdn(tmp_path: Path) -> Iterator[tuple[int, Path, list[str]]]:
    """A server for ``media.example`` on this machine: its port, the authority to trust, and what it was asked."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "media.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("media.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority, both = tmp_path / "authority.pem", tmp_path / "both.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(secret + authority.read_bytes())
    asked: list[str] = []

    class Cdn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']}{self.path}")
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"isi.")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Cdn)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    context.sni_callback = lambda _, named, __: asked.append(f"sni:{named}")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is part of a test
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port, authority, asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_connection_goes_to_the_checked_machine_under_the_right_name(
    cdn: tuple[int, Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, authority, asked = cdn
    real = socket.getaddrinfo
    names: list[str] = []

    def spied(host: Any, *rest: Any, **more: Any) -> Any:
        names.append(str(host))
        return real(host, *rest, **more)

    monkeypatch.setattr("socket.getaddrinfo", spied)
    url = f"https://media.example:{port}/a.jpg?x=1"
    with http.session_to(
        Checked(url=url, host="media.example", machine=str(ipaddress.ip_address("127.0.0.1")))
    ) as session:
        session.verify = str(authority)
        assert session.get(url).content == b"isi."
    assert asked == ["sni:media.example", f"media.example:{port}/a.jpg?x=1"]
    assert "media.example" not in names  # never asked for a second time


def test_a_machine_without_the_names_certificate_gets_nothing(cdn: tuple[int, Path, list[str]]) -> None:
    port, authority, asked = cdn
    url = f"https://other.example:{port}/a.jpg"
    with http.session_to(Checked(url=url, host="other.example", machine="127.0.0.1")) as session:
        session.verify = str(authority)
        with contextlib.suppress(OSError):
            session.get(url)
            pytest.fail("it was fetched")
    assert not [line for line in asked if not line.startswith("sni:")]
