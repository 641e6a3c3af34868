"""How much an endpoint takes."""

import asyncio
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.serving.answering.limits import Slots
from boathouse.serving.answering.rates import Rates, own_slots, shared_slots
from boathouse.serving.answering.refusals import TooMany
from boathouse.serving.endpoints.policy import Limits

SLOTS, NAMES = own_slots(), itertools.count()


@given(st.floats(0.5, 50), st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_nobody_gets_more_than_the_rate_and_a_full_bucket(per_second: float, pauses: list[float]) -> None:
    now = [1.0]
    rates = Rates(per_second, SLOTS, str(next(NAMES)), now=lambda: now[0])
    allowed = 0
    for pause in pauses:
        now[0] += pause
        try:
            rates.take("ann")
            allowed += 1
        except TooMany as error:
            now[0] += error.retry_after_seconds + 1e-6
            rates.take("ann")  # whoever waits as long as told is let in
            allowed += 1
        assert allowed <= max(1.0, per_second) + (now[0] - 1.0) * per_second + 1e-6


def test_the_rate_of_one_is_not_the_rate_of_another() -> None:
    rates = Rates(1, own_slots(), "id", now=lambda: 1.0)
    rates.take("ann")
    with pytest.raises(TooMany):
        rates.take("ann")
    rates.take("bob")


def test_workers_share_what_a_principal_may_ask(tmp_path: Path) -> None:
    one, two = (Rates(3, shared_slots(tmp_path / "rates"), "id", now=lambda: 5.0) for _ in range(2))
    for rates in (one, two, one):
        rates.take("ann")
    for rates in (one, two):
        with pytest.raises(TooMany):
            rates.take("ann")
    Rates(3, shared_slots(tmp_path / "rates"), "another", now=lambda: 5.0).take("ann")


def test_what_was_paid_before_the_machine_began_anew_is_forgotten() -> None:
    slots = own_slots()
    Rates(1, slots, "id", now=lambda: 1e6).take("ann")
    Rates(1, slots, "id", now=lambda: 1.0).take("ann")


def test_so_many_are_under_way_so_many_wait_and_the_rest_is_refused() -> None:
    async def story() -> None:
        slots = Slots(Limits(concurrency=2, queue=1))
        await slots.take(1)
        await slots.take(1)
        waiting = asyncio.create_task(slots.take(10))
        await asyncio.sleep(0)
        assert (slots.under_way, slots.waiting) == (2, 1)
        with pytest.raises(TooMany):
            await slots.take(1)
        slots.give_back()
        await waiting
        assert (slots.under_way, slots.waiting) == (2, 0)
        slots.give_back()
        slots.give_back()
        assert slots.under_way == 0

    asyncio.run(story())


def test_who_waits_too_long_or_goes_away_takes_no_slot() -> None:
    async def story() -> None:
        slots = Slots(Limits(concurrency=1, queue=5))
        await slots.take(1)
        with pytest.raises(TimeoutError):
            await slots.take(0.01)
        gone = asyncio.create_task(slots.take(10))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert slots.waiting == 0
        slots.give_back()
        await slots.take(0.01)

    asyncio.run(story())


@given(st.lists(st.sampled_from(["take", "give", "cancel"]), max_size=40))
def test_slots_are_neither_lost_nor_made(steps: list[str]) -> None:
    async def story() -> None:
        slots, held, waiting = Slots(Limits(concurrency=2, queue=3)), 0, list[asyncio.Task[None]]()
        for step in steps:
            if step == "take":
                waiting.append(asyncio.create_task(slots.take(60)))
            elif step == "give" and held:
                slots.give_back()
                held -= 1
            elif step == "cancel" and waiting:
                waiting[-1].cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            done = [each for each in waiting if each.done()]
            held += sum(not each.cancelled() and each.exception() is None for each in done)
            waiting = [each for each in waiting if not each.done()]
            assert slots.under_way == held <= 2
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for _ in range(held):
            slots.give_back()
        assert (slots.under_way, slots.waiting) == (0, 0)
        await slots.take(0.1)
        await slots.take(0.1)

    asyncio.run(story())
