"""Tests that what users read is true."""
