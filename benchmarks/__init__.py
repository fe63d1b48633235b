"""Measured comparisons; README.md says which and how they are run."""
