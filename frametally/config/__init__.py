"""Settings, read once at start from the environment and secrets.toml."""
