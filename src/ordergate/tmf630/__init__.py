"""TMF630, the REST design guidelines of TM Forum: queries, fields, paging and merge patch.

Pure functions over text and documents. Storage compiles the same neutral values to its own
queries, so both evaluators must agree; `filter` is the reference.
"""
