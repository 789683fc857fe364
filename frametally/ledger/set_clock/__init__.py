"""The system clock is set while jobs wait: the minimum interval between status calls holds, and no job waits longer."""
