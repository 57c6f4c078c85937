"""Zoos of language models, on words of sentences."""
