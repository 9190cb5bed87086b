"""Photos and recordings: what they are by their content, made harmless, and where they are kept."""
