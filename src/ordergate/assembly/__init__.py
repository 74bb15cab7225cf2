"""The one composition root: what is built of what, and what runs as a process.

Nothing else in the gateway knows which adapter stands behind a port.
"""

from ordergate.assembly.running import deliver, serve

__all__ = ["deliver", "serve"]
