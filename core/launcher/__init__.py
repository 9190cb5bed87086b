"""What `make run` executes: servers, schema, seed and every process of the Procfile, supervised."""
