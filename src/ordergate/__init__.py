"""Ordergate: decides which resource orders a request takes, issues them and says why."""

__version__ = "0.1.0"
