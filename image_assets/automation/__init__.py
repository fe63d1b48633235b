"""When assets run: partitions, jobs, schedules and sensors.

See https://docs.dagster.io/guides/automate.
"""
