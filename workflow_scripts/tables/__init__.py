"""Tables of labels: CSV, TSV, JSON lines and Parquet, as tasks of any kind of zoo."""
