"""The assets of the chain of scenes, one module per stage."""
