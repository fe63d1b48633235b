"""The report: one HTML file that shows what was processed and what came of it.

`classes` looks at each class in a Spark task, `gather` puts everything together, `figures` draws, `page` writes the
file. Everything that is shown is inside the file; it asks for nothing from anywhere.
"""
