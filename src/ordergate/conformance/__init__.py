"""Whether a TMF652 or TMF641 server, ours or anyone's, does what the standards ask, from outside.

A check is data and a function (`check`); the modules of checks say which statements they hold a
server to. K and CP are the statements of TM Forum's runtime kits and conformance profiles; S the
transitions of the state machine; Q, F, P, W, E and H the rules of TMF630 part 1. CP6 (the old
shape of an order) and CP8 (which rule files are in force) can't be seen from outside.
"""

from ordergate.conformance.check import Check, Exchange, Result, Verdict
from ordergate.conformance.suite import Asked, Run, prepare

__all__ = ["Asked", "Check", "Exchange", "Result", "Run", "Verdict", "prepare"]
