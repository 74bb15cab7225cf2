from __future__ import annotations

from ordergate.delivery.window import Window


def size_of(window: Window) -> int:
    return next(lanes for lanes in range(100) if not window.holds(lanes + 1))


def test_window_grows_while_it_is_filled_and_the_store_keeps_up_but_not_for_ever() -> None:
    window, sizes = Window(), list[int]()
    for _ in range(6):
        sizes.append(size_of(window))
        window.settled()
    assert sizes == [2, 4, 8, 16, 32, 32]


def test_window_that_is_not_needed_shrinks() -> None:
    window = Window()
    for _ in range(5):
        size_of(window)
        window.settled()
    assert window.holds(3)
    window.settled()
    assert size_of(window) == 6


def test_window_is_small_when_the_store_is_lost() -> None:
    window = Window()
    for _ in range(5):
        size_of(window)
        window.settled()
    window.lost()
    assert size_of(window) == 2
