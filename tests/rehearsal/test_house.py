"""Where a house is, is read from what it leaves in its data directory."""

import asyncio
from pathlib import Path

import pytest

from common.errors import UsageError
from rehearsal.house import HouseError, HouseProcess, HouseRecord, read_record


def test_the_record_tells_process_and_link(tmp_path: Path) -> None:
    (tmp_path / "house.json").write_text('{"pid": 7, "instance": "a", "link": "auction://x", "more": 1}')
    assert read_record(tmp_path) == HouseRecord(7, "a", "auction://x")


@pytest.mark.parametrize("text", ["", "{", '{"pid": 7}'])
def test_a_record_that_tells_nothing_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "house.json").write_text(text)
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "house.json"):
        with pytest.raises(UsageError, match="No house runs on"):
            read_record(folder)


def test_whoever_waits_for_a_house_hears_that_it_stopped_and_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    catalogue = tmp_path / "sale.toml"
    catalogue.write_text('[sale]\ntitle = "A sale"\ncurrency = "USD"\n')

    async def hold() -> None:
        async with HouseProcess(catalogue, tmp_path / "sale", "--port", "0", "--unlisted") as house:
            waiting = asyncio.ensure_future(house.until_stopped())
            await house.stop()
            await waiting

    with pytest.raises(HouseError, match=r"stopped\. It said:\n(.*\n)*.*listening"):
        asyncio.run(hold())
