"""A training of the alignment head alone: the base is frozen, so its states are computed once."""
