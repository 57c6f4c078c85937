"""Checkpoints that exist already, on the Hugging Face hub or in a folder."""
