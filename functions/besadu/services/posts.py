"""A post as typed: its title, its addresses, and in which order they are tried."""

import re
from collections.abc import Mapping
from itertools import permutations
from typing import Final

from besadu.channels.sms_gateway import phone_of
from besadu.store.officepage import POST_CHANNELS, Post, PostChannel

PARTS: Final = ("title", "phone", "email", "channels")
ORDERS: Final[Mapping[str, tuple[PostChannel, ...]]] = {",".join(order): order for order in permutations(POST_CHANNELS)}
EMAIL: Final = re.compile(r"[^@\s<>\"',;]{1,64}@[^@\s<>\"',;]+\.[^@\s.<>\"',;]{2,}")
_NO_PHONE = "Nomor ini belum benar. Contoh: 0812 3456 7890."
_NO_EMAIL = "Tulis alamat surel yang lengkap, misalnya nama@belitung.go.id."


def typed(name: str, post: Post) -> dict[str, str]:
    """The fields of a form as they stand filled in for ``post``: ``<name>_title`` and so on."""
    values = (post.title, f"+{post.phone}" if post.phone else "", post.email, ",".join(post.channels))
    return {f"{name}_{part}": value for part, value in zip(PARTS, values, strict=True)}


def post_of(name: str, fields: Mapping[str, str]) -> tuple[Post, dict[str, str]]:
    """The post that these fields describe, and what is wrong with them by field."""
    title, phone, email, order = (" ".join(fields.get(f"{name}_{part}", "").split()) for part in PARTS)
    digits = phone_of(phone)
    problems = {
        **({f"{name}_phone": _NO_PHONE} if phone and not digits else {}),
        **({f"{name}_email": _NO_EMAIL} if email and not EMAIL.fullmatch(email) else {}),
    }
    channels = ORDERS.get(order, POST_CHANNELS)
    return Post(title=title, phone=digits, email=email.lower(), channels=channels), problems


def changed(name: str, before: Post, after: Post) -> list[str]:
    """What an audit says of a post: of addresses only that they changed."""
    said = []
    if before.title != after.title:
        said.append(f"jabatan {name}: {before.title or '-'} → {after.title or '-'}")
    if before.phone != after.phone:
        said.append(f"nomor {name} diganti")
    if before.email != after.email:
        said.append(f"surel {name} diganti")
    if before.channels != after.channels:
        said.append(f"urutan saluran {name}: {', '.join(after.channels)}")
    return said
