"""The subcommands of `calicolab`, a module each with `register(subparsers)`."""
