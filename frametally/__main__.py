"""`python -m frametally`: the same as the command `frametally`."""

from __future__ import annotations

import sys

from frametally.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
