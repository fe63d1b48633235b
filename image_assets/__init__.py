"""Dagster assets that turn folders of pictures into features, reduced features and predictions with Spark."""

__version__ = "0.1.0"
