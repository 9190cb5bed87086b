"""`python -m tests.chaos`: break the running system on purpose and check every promise."""
