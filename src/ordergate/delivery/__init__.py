"""Tells listeners: events go from outboxes to lanes (relay), from lanes to callbacks (dispatcher).

A lane holds what one listener still has to get about one entity, first in first out. Promises:
at least once, in order per entity, the same `eventId` on every attempt, nothing dropped silently.
"""
