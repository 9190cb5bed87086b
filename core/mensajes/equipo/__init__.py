"""The shop's own people: they are told what happened, and step in from their phone."""
