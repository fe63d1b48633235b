"""What the assets run on, as Dagster resources that hand out plain domain objects.

See https://docs.dagster.io/guides/build/external-resources.
"""
