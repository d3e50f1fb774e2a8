"""What is happening, for people and machines: figures of a run, structured logs."""
