"""Image sequences over time: operations on volumes and on the series of their pixels."""
