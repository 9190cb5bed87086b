"""A language model between the walls of the rules: it reads and it words, it never decides."""
