"""Our own doors from outside: what the command line says to a running gateway."""

from ordergate.client.gateway import GatewayClient, RefusedError

__all__ = ["GatewayClient", "RefusedError"]
