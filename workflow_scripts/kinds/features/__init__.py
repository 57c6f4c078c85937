"""Zoos of features brought along as files: no network is run."""
