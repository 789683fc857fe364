"""Fingerprints of TLS certificates."""

from __future__ import annotations

import hashlib
import re
import ssl
from pathlib import Path


def fingerprint_of(certificate: Path) -> str:
    """The SHA-256 of the first certificate in a PEM file, which is the server's own, in lower-case hex.

    Raises:
        OSError, ValueError: the file cannot be read, or contains no certificate.
    """
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", certificate.read_text(), re.DOTALL)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0] if found else "")).hexdigest()
