"""Tests of when assets run: partitions and the runs that cover them."""
