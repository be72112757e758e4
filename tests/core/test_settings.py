"""Settings come from the environment; a wrong one stops the start by its name."""

import pytest

from shuke_core.places import master_key
from shuke_core.settings import SettingsError, load_settings
from shuke_core.tenants.errors import MasterKeyMissing


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHUKE_ENV", raising=False)


def test_without_any_setting_all_is_embedded() -> None:
    settings = load_settings()
    assert (settings.embedded_database, settings.embedded_redis, settings.port) == (
        True,
        True,
        8200,
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SHUKE_PORT", "eighty", "SHUKE_PORT"),
        ("SHUKE_PORT", "70000", "SHUKE_PORT"),
        ("SHUKE_ENV", "prod", "SHUKE_ENV"),
        ("SHUKE_REDIS_URL", "http://x", "SHUKE_REDIS_URL"),
        ("SHUKE_DATABASE_URL", "mysql://x", "SHUKE_DATABASE_URL"),
        ("SHUKE_DATABSE_URL", "postgresql://x", "SHUKE_DATABSE_URL is not a setting"),
    ],
)
def test_a_wrong_value_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said):
        load_settings()


def test_a_password_in_a_wrong_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUKE_DATABASE_URL", "mysql://shuke:hush@db/shuke")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "hush" not in str(refused.value)


def test_several_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUKE_PORT", "x")
    monkeypatch.setenv("SHUKE_POOL_SIZE", "0")
    with pytest.raises(SettingsError, match=r"SHUKE_PORT.*SHUKE_POOL_SIZE"):
        load_settings()


def test_a_database_of_ones_own_needs_a_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUKE_DATABASE_URL", "postgresql://shuke_app@db/shuke")
    with pytest.raises(MasterKeyMissing):
        master_key(load_settings())


def test_a_master_key_of_another_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUKE_MASTER_KEY", "c2hvcnQ=")
    with pytest.raises(SettingsError, match="32 bytes"):
        master_key(load_settings())
