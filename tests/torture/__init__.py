"""The torture: real processes killed and stopped while orders come in, judged by other witnesses.

README.md says what it does and how to run it.
"""
