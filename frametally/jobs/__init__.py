"""What happens to a job: submit, poll, collect, cancel; preflight and batches."""
