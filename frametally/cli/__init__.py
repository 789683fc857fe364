"""The command `frametally`: one module a subcommand, registered in `main`."""
