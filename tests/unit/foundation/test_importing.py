import gc

from boathouse.foundation.importing import importing_much


def test_garbage_is_looked_for_again_after_the_block() -> None:
    with importing_much():
        assert not gc.isenabled()

    assert gc.isenabled()
    gc.unfreeze()


def test_who_looks_for_none_is_left_alone() -> None:
    gc.disable()
    try:
        with importing_much():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
