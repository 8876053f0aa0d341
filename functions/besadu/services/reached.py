"""The office's own posts as the manager keeps them: who is told of what waits for the office, and of what is late."""

from collections.abc import Mapping
from typing import Final

from besadu import logs
from besadu.errors import InvalidFields
from besadu.frozen import replace
from besadu.identity import Person
from besadu.services import posts, upkeep
from besadu.services.office import Office
from besadu.services.upkeep import LONGEST_LINE
from besadu.store.client import Commit
from besadu.store.officepage import OfficePage, Post

MOST_LEADERS: Final = 3
LEADERS: Final = tuple(f"leader{number}" for number in range(1, MOST_LEADERS + 1))
NAMES: Final[Mapping[str, str]] = {
    "admin": "Admin",
    "secretary": "Sekda",
    **{name: f"Pimpinan {number}" for number, name in enumerate(LEADERS, start=1)},
}


def form(office: Office) -> dict[str, str]:
    """All fields as they stand filled in."""
    page = office.store.directory.page()
    leaders = [*page.leaders, *[Post()] * MOST_LEADERS][:MOST_LEADERS]
    known = {"admin": page.admin, "secretary": page.secretary, **dict(zip(LEADERS, leaders, strict=True))}
    return {field: value for name, post in known.items() for field, value in posts.typed(name, post).items()}


def save(office: Office, by: Person, fields: Mapping[str, str]) -> None:
    """Change the posts. Raises InvalidFields by field, Refused for anybody but a manager, Conflict, Unavailable."""
    upkeep.manager_only(by)
    found = {name: posts.post_of(name, fields) for name in NAMES}
    problems = {field: wrong for _, wrongs in found.values() for field, wrong in wrongs.items()}
    too_long = f"Paling banyak {LONGEST_LINE} huruf."
    problems |= {f"{name}_title": too_long for name, (post, _) in found.items() if len(post.title) > LONGEST_LINE}
    if problems:
        raise InvalidFields(problems)
    chosen = {name: post for name, (post, _) in found.items()}
    leaders = tuple(chosen[name] for name in LEADERS if chosen[name] != Post(channels=chosen[name].channels))

    def attempt(commit: Commit) -> None:
        stored = office.store.directory.page_to_change()
        before = stored.value if stored else OfficePage()
        after = replace(before, admin=chosen["admin"], secretary=chosen["secretary"], leaders=leaders)
        if after == before:
            return
        office.store.directory.stage_page(commit, after, stored)
        upkeep.stage_audit(office, commit, by, "posts_changed", "penerima pengingat", _changes(before, after))

    upkeep.tried(office, attempt)
    office.store.directory.forget()
    logs.info("posts_changed")


def _changes(before: OfficePage, after: OfficePage) -> str:
    said = posts.changed("admin", before.admin, after.admin) + posts.changed("Sekda", before.secretary, after.secretary)
    for number, name in enumerate(LEADERS):
        old, new = (page.leaders[number] if number < len(page.leaders) else Post() for page in (before, after))
        said += posts.changed(NAMES[name].lower(), old, new)
    return "; ".join(said)
