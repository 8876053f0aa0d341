"""The vault: intake seals and cannot open; what was altered or sealed for another key does not open."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from besadu import vault
from besadu.errors import MissingSetting, Refused
from besadu_local.keys import private_key, public_line
from tests.factories import NIK, some_settings

SETTINGS = some_settings("vault")


@given(st.binary(max_size=5000))
def test_what_was_sealed_opens_again(content: bytes) -> None:
    assert vault.open_sealed(SETTINGS, vault.seal(SETTINGS.nik_public_key, content)) == content


def test_the_same_nik_looks_different_each_time_and_never_like_itself() -> None:
    first, second = (vault.seal(SETTINGS.nik_public_key, NIK.encode()) for _ in range(2))
    assert first != second
    assert NIK.encode() not in first


@pytest.mark.parametrize("place", [0, 1, 100, 257, 258, 268, 269, -16, -1])
def test_one_changed_bit_anywhere_is_refused(place: int) -> None:
    sealed = bytearray(vault.seal(SETTINGS.nik_public_key, NIK.encode()))
    sealed[place] ^= 1
    with pytest.raises(Refused):
        vault.open_sealed(SETTINGS, bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 2, 256, 257, 268, 269, 280])
def test_what_was_cut_short_is_refused(length: int) -> None:
    sealed = vault.seal(SETTINGS.nik_public_key, NIK.encode())
    with pytest.raises(Refused):
        vault.open_sealed(SETTINGS, sealed[:length])


def test_what_was_sealed_for_another_key_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    sealed = vault.seal(public_line(private_key(tmp_path / "other.pem", 2048)), NIK.encode())
    with pytest.raises(Refused) as refused:
        vault.open_sealed(SETTINGS, sealed)
    assert NIK not in str(refused.value)


def test_after_a_new_key_what_the_old_one_sealed_still_opens(tmp_path: Path) -> None:
    new, old = tmp_path / "new.pem", tmp_path / "old.pem"
    both = replace(SETTINGS, nik_decrypt_key=f"{new},{old}")
    for path, size in ((new, 3072), (old, 2048)):
        sealed = vault.seal(public_line(private_key(path, size)), NIK.encode())
        assert vault.open_sealed(both, sealed) == NIK.encode()
    stranger = vault.seal(public_line(private_key(tmp_path / "stranger.pem", 2048)), NIK.encode())
    with pytest.raises(Refused):
        vault.open_sealed(both, stranger)


def test_the_public_key_may_be_pem_also_with_escaped_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    public = private_key(path, 2048).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    settings = replace(SETTINGS, nik_decrypt_key=str(path))
    for form in (pem, pem.replace("\n", "\\n")):
        assert vault.open_sealed(settings, vault.seal(form, b"x")) == b"x"


def test_a_key_of_another_kind_stops_with_the_name_of_the_setting() -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    public = ed25519.Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(MissingSetting, match="NIK_PUBLIC_KEY"):
        vault.seal(pem, b"x")


def test_the_index_matches_the_same_nik_and_depends_on_the_key() -> None:
    (one,) = vault.indexes("k" * 32, NIK)
    assert (one,) == vault.indexes("k" * 32, NIK)
    assert (one,) != vault.indexes("l" * 32, NIK)
    assert (one,) != vault.indexes("k" * 32, NIK[:-1] + "4")
    assert NIK not in one


def test_during_a_rotation_a_nik_matches_with_both_keys() -> None:
    both = vault.indexes("new-key,old-key", NIK)
    assert both == vault.indexes("new-key", NIK) + vault.indexes("old-key", NIK)
