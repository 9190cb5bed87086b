"""Queue entry points. No decisions here: a task is one call into the core."""
