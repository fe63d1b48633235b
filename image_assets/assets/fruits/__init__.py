"""The assets of the fruits chain, one module per stage."""
