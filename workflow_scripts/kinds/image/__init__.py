"""Zoos of vision checkpoints that exist already, on folders of images."""
