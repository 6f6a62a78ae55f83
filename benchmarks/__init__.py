"""What is timed, and against what. No test: `python -m benchmarks.bring_up` prints figures and writes a file."""
