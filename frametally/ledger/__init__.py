"""The job ledger: tables, migrations, events, leases, search."""
