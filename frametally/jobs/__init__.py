"""The life of a job: preflight, submit, poll, collect, cancel, delete; batches and estimates."""
