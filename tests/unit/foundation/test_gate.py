"""Many are inside at a time, or one is alone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from boathouse.foundation.gate import Gate

PATIENCE = 30


def test_many_are_inside_at_once_and_one_alone() -> None:
    gate, inside, together, alone = Gate(), set[int](), threading.Barrier(4), 0

    def enter(number: int) -> None:
        nonlocal alone
        for round_ in range(50):
            if number == 0 and round_ % 5 == 0:
                with gate.closed():
                    assert not inside
                    with gate.opened():  # whoever is alone may enter, too
                        alone += 1
            else:
                with gate.opened(), gate.opened():
                    inside.add(number)
                    time.sleep(0.001)
                    inside.discard(number)

    def meet(_: int) -> None:
        with gate.opened():
            together.wait(PATIENCE)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(meet, range(4)))
        list(pool.map(enter, range(4)))
    assert alone == 10


def test_whoever_is_inside_may_enter_once_more_while_somebody_waits_to_be_alone() -> None:
    gate, has_entered, waits, order = Gate(), threading.Event(), threading.Event(), []

    def stay() -> None:
        with gate.opened():
            has_entered.set()
            assert waits.wait(PATIENCE)
            with gate.opened():
                order.append("inside")

    def be_alone() -> None:
        assert has_entered.wait(PATIENCE)
        threading.Timer(0.1, waits.set).start()
        with gate.closed():
            order.append("alone")

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(stay), pool.submit(be_alone)]:
            each.result(PATIENCE)
    assert order == ["inside", "alone"]
