"""eTOM 1.5.6.7 *Issue Resource Orders* on one page: its steps are this package's modules.

intake → assess → draft, determine and verify (standard) or special_handling (special) → issue →
notify; pipeline runs them over the ports. Pure functions all but the pipeline; no third-party
import.
"""
