"""`python -m postbox`: the same as the console script `postbox`."""

import sys

from postbox.cli import main

sys.exit(main())
