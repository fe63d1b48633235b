"""The stages of the fruits chain as functions of Spark and the warehouse, callable from a notebook."""
