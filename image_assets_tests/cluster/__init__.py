"""A Spark cluster of separate processes on loopback, and the chain on it with everything on S3."""
