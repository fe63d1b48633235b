"""Pictures too large for one process: tile geometry, windowed reading and reconstruction."""
