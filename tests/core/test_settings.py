"""Settings come from the environment; a wrong one stops the start by its name."""

from pathlib import Path

import pytest

from shuke_core.database.config import credentials
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
        master_key(load_settings(), may_make=True)


def test_a_master_key_of_another_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUKE_MASTER_KEY", "c2hvcnQ=")
    with pytest.raises(SettingsError, match="32 bytes"):
        master_key(load_settings(), may_make=True)


# The password of these is put in by the test: an address with one may not stand in the repository.
@pytest.mark.parametrize("name", ["SHUKE_DATABASE_URL", "SHUKE_OWNER_DATABASE_URL"])
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://shuke_app:{}@db:eighty/shuke", "can't be read"),
        ("postgresql://shuke_app:{}@db:70000/shuke", "can't be read"),
        ("postgresql://shuke_app:{}#rest@db/shuke", "can't be read"),
        ("postgresql://shuke_app:1{}/rest@db/shuke", "can't be read"),
        ("postgresql://shuke_app:1/{}@db/shuke", "can't be read"),
        ("postgresql://shuke_app:1?{}=@db/shuke", "can't be read"),
        ("postgresql://shuke_app:{}@[db/shuke", "can't be read"),
        ("postgresql://shuke_app:{}@db/shuke?port=x", "port of 1 to 65535"),
        ("postgresql://shuke_app:{}@db/shuke?port=0", "port of 1 to 65535"),
        ("postgresql://shuke_app:{}@db/shuke?sslmode=maybe", "sslmode of disable"),
        ("postgresql://shuke_app:{}@db/", "must name a database"),
        (
            "postgresql://shuke_app:{}@db/shuke?sslrootcert=/ca.pem",
            "unknown options: sslrootcert; known are host, port, sslmode, user",
        ),
    ],
)
def test_an_unusable_address_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str, said: str
) -> None:
    monkeypatch.setenv(name, address.format("hush"))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{name}: ")
    assert said in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_password_in_a_wrong_address_of_redis_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHUKE_REDIS_URL", "redis://:{}#rest@redis:6379/0".format("hush"))
    with pytest.raises(SettingsError, match=r"SHUKE_REDIS_URL.*can't be read") as refused:
        load_settings()
    assert "hush" not in str(refused.value)


def test_an_address_is_split_with_its_escapes_and_options() -> None:
    address = "postgresql://app:{}@db/shuke%20one?host=%2Frun%2Fpg&port=6432&sslmode=require"
    assert credentials(address.format("p%23%2F%3F%40ss")) == {
        "host": "/run/pg",
        "port": 6432,
        "user": "app",
        "password": "p#/?@ss",
        "database": "shuke one",
        "ssl": "require",
    }


def test_a_key_is_made_before_the_first_tenant_and_never_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHUKE_HOME", str(tmp_path))
    made = master_key(load_settings(), may_make=True)
    assert master_key(load_settings(), may_make=False) == made
    kept = tmp_path / "master.key"
    assert kept.stat().st_mode & 0o777 == 0o600

    kept.unlink()
    with pytest.raises(SettingsError, match=r"master\.key is gone.*Put it back"):
        master_key(load_settings(), may_make=False)
    assert not kept.exists()
