"""The templates that are submitted to Meta: what we send fits them, and they keep Meta's rules."""

import json
import re

import pytest

from besadu import texts
from besadu.channels.whatsapp import MAX_TEMPLATE_VALUE, TEMPLATES
from besadu_local import templates
from besadu_local.world.approved import Approved, approved

OFFICE = "https://besadu.example"
FILED = approved(f"{OFFICE}/")
MARK = re.compile(r"\{\{(\d+)\}\}")
MAX_BODY = 1024
MAX_BUTTON = 25
# What reads like an advertisement makes Meta call a template marketing.
ADVERTISING = re.compile(r"\b(?:promo|diskon|gratis|hadiah|penawaran|segera daftar|terbatas)\b|!", re.IGNORECASE)

each_template = pytest.mark.parametrize(("name", "filed"), FILED.items(), ids=list(FILED))


def button_of(filed: Approved) -> str:
    return "url" if filed.url else f"quick_reply:{filed.quick_reply}" if filed.quick_reply else ""


def test_what_is_filed_is_what_we_send() -> None:
    sent = {name: (ours.name, ours.language, ours.values, ours.button) for name, ours in TEMPLATES.items()}
    assert sent == {name: (name, filed.language, filed.values, button_of(filed)) for name, filed in FILED.items()}


@each_template
def test_its_values_are_numbered_in_order_and_each_has_an_example(name: str, filed: Approved) -> None:
    assert [int(number) for number in MARK.findall(filed.body)] == list(range(1, TEMPLATES[name].values + 1))
    assert len(filed.examples) == filed.values
    assert all(
        0 < len(example) <= MAX_TEMPLATE_VALUE and example == " ".join(example.split()) for example in filed.examples
    )


@each_template
def test_there_are_words_before_between_and_after_its_values(name: str, filed: Approved) -> None:
    pieces = MARK.split(filed.body)[::2]
    assert all(re.search(r"\w", piece) for piece in pieces), name
    assert len(re.findall(r"\w+", " ".join(pieces))) > 2 * filed.values


@each_template
def test_it_is_as_short_and_plain_as_meta_wants(name: str, filed: Approved) -> None:
    assert re.fullmatch(r"[a-z0-9_]{1,512}", name)
    assert (filed.category, filed.language) == ("UTILITY", "id")
    assert not ADVERTISING.search(filed.body)
    assert not re.search(r"\n{3}|\t| {2}|^\s|\s$", filed.body)
    assert len(filed.body) <= MAX_BODY
    assert len(filed.text(filed.examples)) <= MAX_BODY
    assert all(len(title) <= MAX_BUTTON for title in (filed.quick_reply, filed.url_title))


@each_template
def test_long_values_still_fit_unless_all_are_long(name: str, filed: Approved) -> None:
    """A title or a news line may be as long as we let it be; names, tickets and days are short."""
    longest = max(range(filed.values), key=lambda number: len(filed.examples[number]))
    values = [example * 2 for example in filed.examples]
    values[longest] = "x" * MAX_TEMPLATE_VALUE
    assert len(filed.text(values)) <= MAX_BODY, name


def test_short_news_complete_the_sentence_that_they_stand_in() -> None:
    news = [key for key in texts._table("say") if key.startswith("news_")]
    assert news
    for key in news:
        words = texts._table("say")[key]
        assert words[0].islower(), key
        assert words[-1] not in ".!?", key


@each_template
def test_it_is_submitted_in_the_form_of_metas_api(name: str, filed: Approved) -> None:
    body = templates.submission(name, filed)
    assert (body["name"], body["category"], body["language"]) == (name, "UTILITY", "id")
    components = body["components"]
    assert isinstance(components, list)
    assert components[0] == {"type": "BODY", "text": filed.body, "example": {"body_text": [list(filed.examples)]}}
    assert [part["buttons"] for part in components[1:]] == [[button] for button in expected_buttons(name)]


def expected_buttons(name: str) -> list[dict[str, object]]:
    if name == "jawaban_tersedia":
        return [{"type": "QUICK_REPLY", "text": "BUKA"}]
    paths = {
        "disposisi_baru": ("Buka disposisi", "assignment/t/", "contoh-tautan"),
        "dukungan_diminta": ("Buka laporan", "assignment/t/", "contoh-tautan"),
        "dukungan_masuk": ("Buka laporan", "assignment/t/", "contoh-tautan"),
        "pengingat_opd": ("Buka laporan", "assignment/t/", "contoh-tautan"),
        "pengingat_kantor": ("Buka konsol", "console/laporan/", "BSD-26-1234-5678"),
        "ringkasan_opd": ("Buka daftar", "assignment/daftar/", "contoh-tautan"),
        "ringkasan_kantor": ("Buka konsol", "console/", "?dari=pesan"),
        "ringkasan_mingguan": ("Buka konsol", "console/", "?dari=pesan"),
    }
    if name in paths:
        title, path, example = paths[name]
        where = f"{OFFICE}/{path}"
        return [{"type": "URL", "text": title, "url": f"{where}{{{{1}}}}", "example": [f"{where}{example}"]}]
    return []


def test_the_command_prints_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert templates.main([OFFICE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["name"] for line in lines] == list(FILED)
    assert templates.main([OFFICE, "kabar_laporan"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "kabar_laporan"


@pytest.mark.parametrize("arguments", [["http://besadu.example"], [OFFICE, "tidak_ada"], []])
def test_the_command_refuses_what_meta_would_refuse(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        templates.main(arguments)
    assert refused.value.code == 2
