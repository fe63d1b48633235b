"""Tests of what the assets run on."""
