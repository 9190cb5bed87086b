"""What a text asks for: words and meaning, their indices, and what was asked in vain."""
