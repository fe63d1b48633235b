"""Tests of the stages of the fruits chain."""
