"""The nightly job: everything there is, in parts that do not stop each other, and one page to sign at the end."""
