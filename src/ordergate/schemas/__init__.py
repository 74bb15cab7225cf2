"""The only door between documents and entities: marshmallow, and compiled JSON Schema."""
