"""TM Forum's information model as far as the process needs it: entities, states, events."""
