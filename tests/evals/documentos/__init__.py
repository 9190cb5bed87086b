"""Questions about what a shop wrote of itself, labelled with where the answer stands."""
