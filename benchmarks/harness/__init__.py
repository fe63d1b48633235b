"""What the benchmarks share: options, pictures, cold processes, repeated measurements, tables and JSON."""
