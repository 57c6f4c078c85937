"""Miniature language models, pre-trained in the workflow."""
