"""Stage 7: figures, tables and the report."""
