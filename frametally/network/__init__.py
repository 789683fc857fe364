"""Addresses, downloads and probes of URLs that come from outside."""
