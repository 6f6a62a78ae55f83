"""What is timed, and against what. Nothing here is a test: `python -m benchmarks.bring_up` prints figures and writes a file."""
