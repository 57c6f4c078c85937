"""The figures for print, as matplotlib draws them from the tables."""
