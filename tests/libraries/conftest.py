"""The programs are run in processes of their own, never imported by pytest."""

collect_ignore_glob = ["programs/*"]
