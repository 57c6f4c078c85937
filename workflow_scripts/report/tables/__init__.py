"""The tables of a zoo, as pandas computes them from the files of the stages before."""
