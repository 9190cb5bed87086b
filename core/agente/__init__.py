"""The seller: understand, decide, word, verify; `turno` conducts them."""
