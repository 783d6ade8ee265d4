"""The options that judges of whole repositories share."""

import argparse
import os


def parser(description, only):
    """A parser with the options of every such judge; `only` says what `--only` chooses from."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("repositories", nargs="*", metavar="REPOSITORY")
    options.add_argument("--rotate", required=True, type=os.path.abspath, help="the program to judge")
    options.add_argument("--kubectl", required=True, type=os.path.abspath, help="renders kustomizations")
    options.add_argument("--shared", default="../shared", help="where the corpora are")
    options.add_argument("--corpus", action="store_true", help="judge the corpora")
    options.add_argument("--self-test", action="store_true", help="show that a fault would be found")
    options.add_argument("--only", default="*", metavar="GLOB", help=f"only the {only} of this name")
    options.add_argument("--jobs", default=min(os.cpu_count() or 1, 4), type=int, metavar="N", help="builds at a time")
    return options
