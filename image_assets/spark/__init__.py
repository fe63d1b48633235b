"""Running computation on Spark: the session, its Python workers, and stages over tables."""
