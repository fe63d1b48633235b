"""The assets of the recordings chain, one module per stage."""
