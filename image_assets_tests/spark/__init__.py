"""Tests of the Spark half of the computation."""
