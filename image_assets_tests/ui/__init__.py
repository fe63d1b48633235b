"""Tests of what people see in the Dagster UI."""
