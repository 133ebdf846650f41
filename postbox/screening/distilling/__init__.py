"""How the visible text of an HTML mail is found, one concern per module; ``postbox.screening.distil`` is the door."""
