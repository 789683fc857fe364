"""The parts of the scheduler: terms, the fair queue, the pool of workers."""
