"""Image sequences over time on Spark: the stages of the recordings chain, and the operations on its tables."""
