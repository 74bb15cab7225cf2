from __future__ import annotations

from ordergate.delivery.contact import Contact

SILENCE, PATIENCE = 1.5, 3.0


class Days:
    """A contact, and the clock that it looks at."""

    def __init__(self) -> None:
        self.now = 100.0
        self.contact = Contact(lambda: self.now, silence=SILENCE, patience=PATIENCE)

    def pass_by(self, seconds: float, every: float = 0.5) -> None:
        """Let the store answer now and then for so long."""
        until = self.now + seconds
        while self.now < until:
            self.now += every
            self.contact.made()


def test_leases_are_left_to_their_owners_for_a_moment_after_the_start() -> None:
    days = Days()
    days.pass_by(2.5)
    assert not days.contact.has_lasted
    days.pass_by(0.5)
    assert days.contact.has_lasted


def test_leases_are_left_to_their_owners_for_a_moment_after_an_outage() -> None:
    days = Days()
    days.pass_by(10)
    days.pass_by(2, every=2)
    assert not days.contact.has_lasted
    days.pass_by(PATIENCE)
    assert days.contact.has_lasted


def test_store_that_is_only_slow_is_no_outage() -> None:
    days = Days()
    days.pass_by(10)
    days.pass_by(SILENCE, every=SILENCE)
    assert days.contact.has_lasted
