"""The environment of child processes: what they need, and no secret of this process.

Settings may contain keys, and an operator's shell may contain more of them. A child that reads a hostile file must have
nothing to give away, so its environment is a list of names that are allowed, not one of names that are not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
"""The folder that contains this package."""
_NAMES: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LANG", "LANGUAGE", "TZ", "TZDIR", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV"),
        *("LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME", "PYTHONUNBUFFERED", "PYTHONHASHSEED"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONFAULTHANDLER", "PYTHONUTF8", "PYTHONIOENCODING"),
    }
)
_PREFIXES: Final = (
    *("LC_", "OMP_", "OPENBLAS_", "MKL_", "ORT_", "MALLOC_", "CUDA_", "NVIDIA_", "FAKETIME", "COVERAGE_", "COV_CORE_"),
)
_NETWORK_NAMES: Final = frozenset(
    {
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    }
)
_CLUSTER_PREFIXES: Final = ("RAY_", "AWS_", "GOOGLE_", "AZURE_")


def child_environment(
    parent: Mapping[str, str], *, uses_network: bool = False, uses_cluster: bool = False
) -> dict[str, str]:
    """The allowed part of the environment of the parent, with this package on the import path.

    Args:
        parent: usually `os.environ`.
        uses_network: allow the settings of proxies and certificates, which may contain a password.
        uses_cluster: allow the settings of Ray and of object storage, which may contain its token and keys.
    """
    allowed = {
        name: text
        for name, text in parent.items()
        if name in _NAMES
        or name.startswith(_PREFIXES)
        or (uses_network and name in _NETWORK_NAMES)
        or (uses_cluster and name.startswith(_CLUSTER_PREFIXES))
    }
    python_path = os.pathsep.join(filter(None, [str(ROOT), allowed.get("PYTHONPATH", "")]))
    return {**allowed, "PYTHONPATH": python_path}
