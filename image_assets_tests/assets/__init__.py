"""Tests of what exists: each asset materialized in process, over real pictures, Spark and Delta tables."""
