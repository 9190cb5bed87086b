"""People of the shop: told, stepping in, handing back."""
