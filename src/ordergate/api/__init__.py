"""The HTTP doors: one module per API, one handler per operationId.

Handlers read what came, call the process and write what it returns; they decide nothing.
"""

import warnings

with warnings.catch_warnings():
    # Connexion imports starlette's test client, which asks for a newer httpx; neither is used here.
    warnings.simplefilter("ignore")
    import connexion  # noqa: F401 - so that every later import of it is quiet
