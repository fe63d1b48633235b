"""A real S3 server on loopback, and what the project does with it."""
