"""The business of the shop. Knows no web framework, queue, channel or model vendor."""
