"""What must hold: asset checks.

See https://docs.dagster.io/guides/test/asset-checks. A check asks the tables themselves, of the classes of its run.
"""
