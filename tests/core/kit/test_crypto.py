"""Sealed values open with their key at their place and nowhere else."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.kit.crypto import CannotOpen, Place, keyed_digest, new_key, seal, unseal

PLACE = Place(UUID(int=1), "member_identity", UUID(int=2), "sealed")


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_at_its_place(plain: bytes) -> None:
    key = new_key()
    assert unseal(key, seal(key, plain, PLACE), PLACE) == plain


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, tenant_id=UUID(int=9)),
        replace(PLACE, table="member"),
        replace(PLACE, row_id=UUID(int=9)),
        replace(PLACE, column="wrapped"),
    ],
)
def test_a_cipher_moved_to_another_place_does_not_open(elsewhere: Place) -> None:
    key = new_key()
    sealed = seal(key, b"13800138000", PLACE)
    with pytest.raises(CannotOpen):
        unseal(key, sealed, elsewhere)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(CannotOpen):
        unseal(new_key(), seal(new_key(), b"x", PLACE), PLACE)


@given(st.data())
def test_a_changed_or_cut_cipher_does_not_open(data: st.DataObject) -> None:
    key = new_key()
    sealed = bytearray(seal(key, b"13800138000", PLACE))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CannotOpen):
        unseal(key, bytes(sealed), PLACE)
    with pytest.raises(CannotOpen):
        unseal(key, bytes(sealed[:place]), PLACE)


def test_digests_of_parts_do_not_run_together() -> None:
    key = new_key()
    assert keyed_digest(key, "ab", "c") != keyed_digest(key, "a", "bc")
    assert keyed_digest(key, "phone", "") != keyed_digest(key, "phone")
