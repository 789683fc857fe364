"""The commands: run a video, serve the dashboard or the engine, back up and restore."""
