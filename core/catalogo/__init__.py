"""The shop's productos: search by words, stock ledger, and files on their way in."""
