"""One vendor per file. Nothing outside a file here knows its vendor's types."""
