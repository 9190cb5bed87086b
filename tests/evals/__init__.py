"""How well the search answers what people type: two trades, graded by hand."""
