"""The command `frametally`: one module per subcommand, registered in `main`."""
