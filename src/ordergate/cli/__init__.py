"""The command line: for those who run the gateway, and those who try it."""

from ordergate.cli.commands import main

__all__ = ["main"]
