"""Everything about MongoDB: one adapter for each port, and the embedded engine."""
