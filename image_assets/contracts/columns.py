"""How a column of a table is described."""

import pyarrow as pa


def column(name: str, dtype: pa.DataType, description: str, *, nullable: bool = True) -> pa.Field:
    """Describe one column of a table."""
    return pa.field(name, dtype, nullable=nullable, metadata={"description": description})


def repetitive(field: pa.Field) -> pa.Field:
    """Mark a list column whose values repeat, as whole numbers do: files hold each value once and refer to it."""
    return field.with_metadata({**field.metadata, b"encoding": b"dictionary"})
