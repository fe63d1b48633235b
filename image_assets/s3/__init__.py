"""Objects on S3: how it is reached, files that are objects, and refusals in plain words."""
