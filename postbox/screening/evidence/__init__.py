"""What makes a sentence an instruction to software, as data; ``postbox.screening.injection`` adds it up."""
