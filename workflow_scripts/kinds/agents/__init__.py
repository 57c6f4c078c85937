"""Zoos of image classifiers that are trained here on subsets of classes."""
