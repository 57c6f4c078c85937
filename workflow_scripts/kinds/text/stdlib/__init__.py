"""The embedded text and tasks: the source code of Python's standard library."""
