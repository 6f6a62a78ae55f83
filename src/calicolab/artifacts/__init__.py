"""Where binaries and the root file system come from: Go modules, Debian packages, a verified cache."""
