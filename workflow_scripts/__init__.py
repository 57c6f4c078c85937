"""The seven stages of the workflow, a folder each, and what they share in ``common``."""

import gc

# Importing torch makes a million objects that stay; searching them for garbage again and again
# takes an eighth of the import, which is most of what a short job does.
gc.set_threshold(100_000)
