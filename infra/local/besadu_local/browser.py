"""A browser without a screen: pages, their forms and the sign-in, for programs that use the console as people do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests


class PageError(Exception):
    """A page did not come, or lacks what was looked for. The text quotes no personal data."""


@dataclass
class Form:
    """A form as the page holds it: where it goes, and what its fields hold before anybody types."""

    action: str
    values: dict[str, str] = field(default_factory=dict)


class Browser:
    """One person at one browser, with their cookies."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self.url = ""
        self.page = ""
        self.forms: list[Form] = []

    def open(self, url: str) -> str:
        """Go to a page. Raises PageError unless it comes."""
        return self._take(self._session.get(urljoin(self.url, url), timeout=60))

    def fetch(self, url: str) -> requests.Response:
        """A file of the page. Raises PageError unless it comes."""
        answer = self._session.get(urljoin(self.url, url), timeout=60)
        if answer.status_code >= 400:
            message = f"a file answered {answer.status_code}"
            raise PageError(message)
        return answer

    def submit(self, action: str, files: Mapping[str, bytes] | None = None, **typed: str) -> str:
        """Fill in the form whose address ends with ``action`` and press its button. Raises PageError.

        ``files``: name -> content, for the form's field ``files``.
        """
        form = next((one for one in self.forms if one.action.split("?")[0].endswith(action)), None)
        if form is None:
            message = f"the page has no form {action}"
            raise PageError(message)
        return self._send(form, typed, files)

    def sign_in(self, console: str, email: str) -> None:
        """Through the provider's page, with one click on the person. Raises PageError."""
        self.open(f"{console}/masuk/mulai")
        form = next((one for one in self.forms if "sub" in one.values), Form(self.url))
        self._send(Form(form.action or self.url), {"sub": email}, None)

    def _send(self, form: Form, typed: Mapping[str, str], files: Mapping[str, bytes] | None) -> str:
        sent = [("files", (name, content)) for name, content in (files or {}).items()]
        headers = {"Origin": "/".join(self.url.split("/")[:3])}
        url = urljoin(self.url, form.action)
        return self._take(
            self._session.post(url, {**form.values, **typed}, files=sent or None, headers=headers, timeout=60),
        )

    def _take(self, answer: requests.Response) -> str:
        if answer.status_code >= 400:
            message = f"a page answered {answer.status_code}"
            raise PageError(message)
        self.url, self.page = answer.url, answer.text
        reader = _Reader()
        reader.feed(self.page)
        self.forms = reader.forms
        return self.page


class _Reader(HTMLParser):
    """Collects the forms of a page with what their fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._area = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", "")))
        if not self.forms:
            return
        values = self.forms[-1].values
        if tag in ("input", "button") and found.get("name") and found.get("type") not in ("file", "checkbox", "radio"):
            values.setdefault(found["name"], found.get("value", ""))
        if tag == "textarea":
            self._area = found.get("name", "")
            values[self._area] = ""
        if tag == "select":
            self._select = found.get("name", "")
        if tag == "option" and self._select and ("selected" in found or self._select not in values):
            values[self._select] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._area and self.forms:
            self.forms[-1].values[self._area] += data.lstrip("\n") if not self.forms[-1].values[self._area] else data
