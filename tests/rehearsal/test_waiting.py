"""Waiting ends when what is waited for is so, when the time is over, or when something beside it fails."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from rehearsal.waiting import Pulse, alongside


async def forever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise ValueError("it failed")


async def answer() -> int:
    return 42


def within_seconds(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


def test_a_pulse_makes_those_look_who_wait_and_lets_them_go_in_time() -> None:
    async def wait() -> tuple[bool, bool]:
        pulse, beats = Pulse(), list[int]()
        waiting = asyncio.ensure_future(pulse.until(lambda: len(beats) == 3, None))
        for beat in range(3):
            await asyncio.wait({waiting}, timeout=0)
            beats.append(beat)
            pulse.beat()
        return await waiting, await pulse.until(lambda: False, 0.01)

    assert within_seconds(wait()) == (True, False)


def test_the_main_task_ends_the_others_and_a_failure_of_any_ends_all() -> None:
    async def others_end() -> bool:
        other = asyncio.ensure_future(forever())

        async def wait_for_other() -> None:
            await other

        assert await alongside(answer(), wait_for_other()) == 42
        return other.cancelled()

    assert within_seconds(others_end())
    with pytest.raises(ValueError, match="it failed"):
        within_seconds(alongside(forever(), fail()))
    with pytest.raises(ValueError, match="it failed"):
        within_seconds(alongside(fail(), forever()))
