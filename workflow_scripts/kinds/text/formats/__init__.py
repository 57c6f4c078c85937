"""Formats of labelled sentences, a reader for each."""
