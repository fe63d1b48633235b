"""Sample inputs, drawn by seeded scripts: nothing here is a photograph."""
