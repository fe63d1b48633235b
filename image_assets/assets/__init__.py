"""What exists: thin software-defined assets, a folder per chain.

See https://docs.dagster.io/guides/build/assets. An asset takes resources, calls one computation and says what came
of it; the computation itself knows nothing of Dagster.
"""
