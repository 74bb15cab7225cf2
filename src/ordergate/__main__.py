"""`python -m ordergate` is the command `ordergate`."""

from __future__ import annotations

from ordergate.cli import main

if __name__ == "__main__":
    main()
