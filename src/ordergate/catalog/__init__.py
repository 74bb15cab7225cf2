"""Rules: loaded, checked and compiled; the only room of the expression engine."""
