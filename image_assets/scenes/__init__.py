"""The chain of scenes: pictures too large for one process, in tiles, through Spark into tables."""
