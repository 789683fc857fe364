"""The ledger of jobs: tables, migrations, events, leases, circuit breaker, search."""
