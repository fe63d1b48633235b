"""Whether everything is there that a run needs: one finding per thing, each with its remedy."""
