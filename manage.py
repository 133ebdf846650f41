"""Django's customary entry point; `postbox` is the same."""

import sys

from postbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
