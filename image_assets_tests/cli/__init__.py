"""Tests of the command line, as its own process."""
