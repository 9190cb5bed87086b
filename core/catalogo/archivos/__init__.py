"""A catalogue as a file: bytes of a CSV or a workbook into rows, and back."""
